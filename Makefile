# make demo      set everything up, index the examples, ask a question, find a picture
# make test      set everything up, run the tests
# make page      set everything up, open the web page        make serve     ... answer over HTTP
# make check     linters and types            make fix    what the linters can mend
# make bench DATA=../shared/data              the README's figures (about two hours on two cores)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
QUESTION ?= What is a Python decorator?
PICTURE ?= a hot drink
QUOTH_KB ?= .quoth-demo

.PHONY: demo page serve test check fix bench clean

demo: $(VENV)/.quoth
	@echo
	@echo "Indexing examples/documents and examples/pictures ..."
	@$(BIN)/quoth add examples/documents examples/pictures --kb .quoth-demo
	@echo
	@echo 'Asking: $(QUESTION)'
	@echo
	@$(BIN)/quoth ask "$(QUESTION)" --kb .quoth-demo
	@echo
	@echo 'Looking for pictures: $(PICTURE)'
	@echo
	@$(BIN)/quoth search "$(PICTURE)" --kind image -k 4 --sheet quoth-demo.png --kb .quoth-demo
	@echo
	@echo 'Ask your own:  $(BIN)/quoth ask "..." --kb .quoth-demo'

page serve: $(VENV)/.quoth
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[page,http,write]"
	@$(BIN)/quoth $@ --kb $(QUOTH_KB)

# Two workers: each loads models of its own, some 3 GB.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	@test -n "$(DATA)" || { echo "say where the data is: make bench DATA=../shared/data"; exit 2; }
	PYTHON=$(BIN)/python benchmarks/run.sh "$(DATA)"

clean:
	rm -rf $(VENV) .quoth-demo quoth-demo.png build dist

$(VENV)/.quoth: pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" tools/setup.sh $(VENV)

$(VENV)/.dev: $(VENV)/.quoth
	@PYTHON="$(PYTHON)" tools/setup.sh $(VENV) dev
