"""The Lance store on its disk: a second process, and a folder that is no store any more."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from quoth.errors import StoreError
from quoth.store.lance import LanceStore
from quoth.store.table import PassageTable
from quoth.types import Document, Passage

DIMENSION = 32


@pytest.fixture
def opened(tmp_path):
    return lambda: LanceStore(tmp_path / "kb", DIMENSION)


def put(store, **documents):
    given = [Passage(name, "", text, 0, len(text)) for name, [text] in documents.items()]
    stated = [Document(name, "", "", "text/plain", "digest") for name in documents]
    store.replace(stated, given, np.eye(len(given), DIMENSION, dtype=np.float32))


def held(store):
    found = store.nearest(np.eye(1, DIMENSION, dtype=np.float32)[0], 100)
    return {hit.passage.document: [hit.passage.text] for hit in found}


def test_a_second_process_reads_what_this_one_wrote_and_the_other_way_round(opened, tmp_path):
    mine = opened()
    put(mine, mine=["a cat"])
    code = f"""if True:
        from pathlib import Path
        import numpy as np
        from {type(mine).__module__} import {type(mine).__name__} as Theirs
        from quoth.types import Document, Passage
        store = Theirs(Path({str(tmp_path / "kb")!r}), {DIMENSION})
        assert [f.passage.text for f in store.matching("cat", 3)] == ["a cat"]
        yours = [Document("yours", "", "", "text/plain", "1")]
        store.replace(yours, [Passage("yours", "", "a dog", 0, 5)], np.eye(1, {DIMENSION}, dtype=np.float32))
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert held(mine) == {"mine": ["a cat"], "yours": ["a dog"]}


def test_what_is_revised_is_read_alone(opened, monkeypatch):
    store = opened()
    put(store, a=["a cat"], b=["a dog"])
    known, read, real = store.documents(), [], PassageTable.documents
    monkeypatch.setattr(PassageTable, "documents", lambda *given: read.append(real(*given)) or read[-1])
    store.revise([replace(known["a"], trust=0.5), known["b"]])
    store.revise([replace(known["a"], groups=("staff",))])
    store.revise([])
    assert [sorted(names) for names in read] == [["a", "b"], ["a"]]
    assert {name: (one.trust, one.groups) for name, one in store.documents().items()} == {
        "a": (1.0, ("staff",)),
        "b": (1.0, ()),
    }


def test_a_damaged_folder_is_an_error_in_our_words(opened, tmp_path):
    put(opened(), a=["a cat"])
    for file in (tmp_path / "kb").rglob("*"):
        if file.is_file():
            file.write_bytes(b"rubbish")
    with pytest.raises(StoreError, match=r"could not .*knowledge base"):
        opened().documents()


def test_a_file_where_the_folder_should_be_is_an_error_in_our_words(opened, tmp_path):
    (tmp_path / "kb").write_text("I am a file")
    with pytest.raises(StoreError, match="kb"):
        opened()
