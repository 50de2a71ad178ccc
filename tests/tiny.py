"""Tiny checkpoints of transformers with random weights, made and saved here: nothing is downloaded.

Their byte-level tokenizer is trained on a few sentences, so that any text comes back to the byte.
"""

import json
import shutil
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

SENTENCES = [
    "Say it. Passage: Ada Holm built the tower in 1901. Question: Who built it? Answer: Ada Holm",
    "Passage: Ben Ruiz built the lighthouse of Sund in 1887. Question: When was it built? Answer: in 1887",
    "What is a Python decorator? A decorator is a function that takes a function and returns another.",
]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<start_of_turn>"]
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start_of_turn>{{ m['role'] }}\n{{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def byte_tokenizer(frame="<s> $A", chat_template=None, max_length=512):
    """A fast tokenizer of transformers; `frame` is what it puts around a text."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    named = [(token, tokenizer.token_to_id(token)) for token in SPECIAL]
    tokenizer.post_processor = processors.TemplateProcessing(single=frame, special_tokens=named)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=["<start_of_turn>"],
        chat_template=chat_template,
        model_max_length=max_length,
    )


def seeded(seed):
    """Random weights that are the same each time; more threads only wait for each other in models of this size."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)


def _save(folder, model, tokenizer) -> Path:
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Path(folder)


def llama(folder, seed=0, **options):
    """A tiny Llama; positions are rotary."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_tokenizer(chat_template=options.pop("chat_template", None))
    seeded(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=2048, bos_token_id=0, pad_token_id=1, eos_token_id=2,
        initializer_range=0.4, **options,
    )  # fmt: skip
    return _save(folder, LlamaForCausalLM(config), tokenizer)


def gpt2(folder, seed=0):
    """A tiny GPT-2; positions are learned."""
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = byte_tokenizer("$A")
    seeded(seed)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=512, n_embd=32, n_layer=2, n_head=4, initializer_range=0.4,
        bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    return _save(folder, GPT2LMHeadModel(config), tokenizer)


def gemma3(folder, seed=0):
    """A tiny Gemma 3: layers that look 8 tokens back beside layers that look at all."""
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    tokenizer = byte_tokenizer()
    seeded(seed)
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=512, sliding_window=8, bos_token_id=0,
        pad_token_id=1, eos_token_id=2, initializer_range=0.4, query_pre_attn_scalar=8,
        layer_types=["sliding_attention", "sliding_attention", "full_attention"],
    )  # fmt: skip
    return _save(folder, Gemma3ForCausalLM(config), tokenizer)


def bart_config(vocabulary):
    """The configuration of a tiny BART."""
    from transformers import BartConfig

    return BartConfig(
        vocab_size=vocabulary, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48, max_position_embeddings=512, bos_token_id=0,
        pad_token_id=1, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=None, init_std=0.7, dropout=0.0,
    )  # fmt: skip


def bart(folder, seed=0, **options):
    """A tiny BART; the options are of its generation config."""
    from transformers import BartForConditionalGeneration

    tokenizer = byte_tokenizer("<s> $A </s>")
    seeded(seed)
    model = BartForConditionalGeneration(bart_config(len(tokenizer)))
    model.generation_config.update(**options)
    return _save(folder, model, tokenizer)


def t5(folder, seed=0):
    """A tiny T5; positions are relative."""
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = byte_tokenizer("$A </s>")
    seeded(seed)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, dropout_rate=0.0,
        pad_token_id=1, eos_token_id=2, decoder_start_token_id=1, initializer_factor=2.5,
    )  # fmt: skip
    return _save(folder, T5ForConditionalGeneration(config), tokenizer)


def word_tokenizer():
    """A lower-casing WordPiece tokenizer, as BERT's: its vocabulary is the letters and words of the sentences."""
    from transformers import DPRQuestionEncoderTokenizerFast

    words = sorted({word.strip(".,?:").lower() for sentence in SENTENCES for word in sentence.split()})
    signs = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *signs, *(f"##{sign}" for sign in signs), *words]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    return DPRQuestionEncoderTokenizerFast(vocab=vocabulary, do_lower_case=True, model_max_length=64)


def dpr_config(vocabulary):
    """The configuration of a tiny DPR encoder."""
    from transformers import DPRConfig

    return DPRConfig(
        vocab_size=vocabulary, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32,
        max_position_embeddings=64, initializer_range=0.3, projection_dim=0, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )  # fmt: skip


def as_of_2020(folder, target):
    """The same checkpoint in files as the original ones have: pytorch_model.bin, vocab.txt, vocab.json, merges.txt."""
    import torch
    from safetensors.torch import load_file

    target.mkdir()
    shutil.copy(folder / "config.json", target)
    torch.save(load_file(folder / "model.safetensors"), target / "pytorch_model.bin")
    for file in folder.rglob("tokenizer.json"):
        model, place = json.loads(file.read_text("utf-8"))["model"], target / file.parent.relative_to(folder)
        place.mkdir(exist_ok=True)
        if model["type"] == "BPE":
            (place / "vocab.json").write_text(json.dumps(model["vocab"]), "utf-8")
            merges = "\n".join(map(" ".join, model["merges"]))
            (place / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", "utf-8")
        else:
            pieces = sorted(model["vocab"], key=model["vocab"].get)
            (place / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    return target


def context_encoder(folder, seed=0):
    """A tiny DPR encoder of passages."""
    from transformers import DPRContextEncoder

    tokenizer = word_tokenizer()
    seeded(seed + 1000)
    return _save(folder, DPRContextEncoder(dpr_config(len(tokenizer))), tokenizer)


def rag(folder, kind="token", seed=0, end_bias=0.0, letters=False, prefix=None, **options):
    """A tiny RAG checkpoint.

    end_bias: makes its BART end sooner.
    letters: it says words only.
    prefix: what its inputs begin with, as the original checkpoints' do with a space.
    options: RagConfig's.
    """
    from transformers import (
        BartForConditionalGeneration,
        DPRQuestionEncoder,
        RagConfig,
        RagSequenceForGeneration,
        RagTokenForGeneration,
        RagTokenizer,
    )

    questions, answers = word_tokenizer(), byte_tokenizer("<s> $A </s>")
    seeded(seed)
    encoder = DPRQuestionEncoder(dpr_config(len(questions)))
    generator = BartForConditionalGeneration(bart_config(len(answers)))
    generator.config.prefix = prefix
    generator.final_logits_bias[0, 2] = end_bias
    if letters:
        mute = [token for token in range(5, len(answers)) if not answers.decode([token]).strip().isalnum()]
        generator.final_logits_bias[0, mute] = -30
    options = {"n_docs": 3, "max_combined_length": 120, "retrieval_vector_size": 24, **options}
    config = RagConfig.from_question_encoder_generator_configs(
        encoder.config, generator.config, bos_token_id=0, pad_token_id=1, eos_token_id=2, decoder_start_token_id=2,
        vocab_size=len(answers), **options,
    )  # fmt: skip
    made = {"token": RagTokenForGeneration, "sequence": RagSequenceForGeneration}[kind]
    made(config, encoder, generator).eval().save_pretrained(folder)
    RagTokenizer(questions, answers).save_pretrained(folder)
    return Path(folder)
