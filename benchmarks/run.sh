#!/bin/sh
# All benchmarks, one after the other: PYTHON=.venv/bin/python benchmarks/run.sh ../shared/data
# One that fails is named at the end, and the others run on. FAISS, LlamaIndex and Haystack take part where they
# are installed: encoder_agreement.py needs more than the development group and is run by hand.
set -u
data=$1
python=${PYTHON:-python}
here=$(dirname "$0")
kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
failed=""

bench() {
    echo
    echo "## $*"
    echo
    script=$1
    shift
    "$python" "$here/$script" "$@" || failed="$failed $script"
}

bench startup.py
bench fuzz.py
bench search.py --rows 100000
bench decoding.py
bench states.py
bench first_token.py
bench cost_of_k.py
bench load.py
bench load.py --http --askers 32 --seconds 60
bench ingest.py "$data/python-docs"
bench python_docs.py "$data/python-docs" --kb "$kept/python-docs"
bench conversation.py "$data/python-docs" --kb "$kept/python-docs"
bench pictures.py words "$data/flickr8k-test"
bench pictures.py same "$data/dreambooth"
bench pictures.py copies "$data/flickr8k-test"
bench pictures.py speed "$data/flickr8k-test"
bench retrieval.py "$data" --kbs "$kept"
bench qa.py "$data/squad2/beir" --kb "$kept/squad2" --questions 200
bench injection.py "$data/squad2/beir" --kb "$kept/squad2" --questions 100
bench embeddings.py "$data/flickr8k-test" "$data/dreambooth"
bench install.py --peers

[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
