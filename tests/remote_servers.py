"""Real OpenAI-compatible servers for the tests: `llama_cpp.server` with the default model, and with a tiny one.

The tiny model has random weights, an alphabet of bytes and says letters only. It is there for log-probabilities:
for each token that it shows, this server sorts the whole vocabulary in Python, 0.3 s a token with Gemma's 262,144.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import numpy as np

WAIT_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def llama_server(model, log, *options):
    """The base URL of a server with one thread, until it is left; `log` is a file for what it says."""
    port = free_port()
    command = [sys.executable, "-m", "llama_cpp.server", "--model", model, "--port", str(port), *options]
    limits = ["--n_threads", "1", "--n_threads_batch", "1", "--host", "127.0.0.1"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with log.open("wb") as out:
        server = subprocess.Popen([*map(str, command), *limits], stdout=out, stderr=out, env=environment)
    try:
        _wait(f"http://127.0.0.1:{port}/v1/models", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(10)


def _wait(url, server, log):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')}")


def write_tiny_model(path, seed=0, context=2048, template=None, *, mrope=False):
    """A GGUF file of a llama with two layers of 32 numbers; a token is a byte; with a chat template, if it is given.

    mrope: a Qwen2-VL instead, whose positions have rows and columns.
    """
    import gguf

    width, inner, layers, alphabet = 32, 64, 2, _byte_alphabet()
    tokens = [*alphabet, "<s>", "</s>"]
    writer = gguf.GGUFWriter(path, "qwen2vl" if mrope else "llama")
    writer.add_name("tiny")
    writer.add_context_length(context)
    if template:
        writer.add_chat_template(template)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 4)
    if mrope:
        writer.add_rope_dimension_sections([2, 1, 1, 0])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * len(alphabet) + [gguf.TokenType.CONTROL] * 2)
    # Byte by byte: the one merge makes a letter that no text has.
    writer.add_token_merges([f"{alphabet[0]} {alphabet[1]}"])
    writer.add_bos_token_id(len(alphabet))
    writer.add_eos_token_id(len(alphabet) + 1)
    # Without a begin token this server gives each log-probability to the token before.
    writer.add_add_bos_token(True)
    draw = np.random.default_rng(seed)

    def random(*shape):
        return draw.normal(0, 1 / np.sqrt(shape[-1]), shape).astype(np.float32)

    writer.add_tensor("token_embd.weight", random(len(tokens), width) * 5)
    says = random(len(tokens), width) * 3
    # Only these have a say: the others' logits are 0, and the best of so many letters is above that.
    says[[i for i, token in enumerate(tokens) if not ("a" <= token <= "z" and len(token) == 1)]] = 0
    writer.add_tensor("output.weight", says)
    writer.add_tensor("output_norm.weight", np.ones(width, np.float32))
    for i in range(layers):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{i}.{name}.weight", np.ones(width, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{i}.{name}.weight", random(width, width))
            if mrope and name != "attn_output":
                writer.add_tensor(f"blk.{i}.{name}.bias", np.zeros(width, np.float32))
        for name in ("ffn_gate", "ffn_up"):
            writer.add_tensor(f"blk.{i}.{name}.weight", random(inner, width))
        writer.add_tensor(f"blk.{i}.ffn_down.weight", random(width, inner))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _byte_alphabet():
    """GPT-2's letters for the 256 bytes: printable ones are themselves, the others come after 255."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}
    return [letters[byte] for byte in range(256)]
