"""What is postponed is not run, and is there for who asks."""

import subprocess
import sys


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_opening_a_store_builds_no_rest_client():
    assert run("import sys, quoth.store.lance; print([m for m in sys.modules if 'client.api.' in m])") == ["[]"]


def test_who_asks_for_it_gets_it():
    code = (
        "import quoth.store.lance, lance_namespace_urllib3_client as client\n"
        "from lance_namespace_urllib3_client import TableApi\n"
        "print(client.__version__, TableApi.__module__, client.TableApi is TableApi)"
    )
    version, module, same = run(code)
    assert version[0].isdigit() and module == "lance_namespace_urllib3_client.api.table_api" and same == "True"


def test_what_is_not_there_or_there_already_is_left_alone():
    code = (
        "import json, sys; from quoth.store.postponed import postpone\n"
        "before = sys.modules['json']; postpone('json'); postpone('no_such_package')\n"
        "print(sys.modules['json'] is before, 'no_such_package' in sys.modules)"
    )
    assert run(code) == ["True", "False"]
