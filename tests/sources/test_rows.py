import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from quoth.sources.items import Gone
from quoth.sources.rows import rows
from quoth.types import Document, Failure


@pytest.fixture
def books(tmp_path):
    file = tmp_path / "books.db"
    with sqlite3.connect(file) as database:
        database.executescript(
            """
            create table books (id integer primary key, title text, author text, year integer, body text, cover blob);
            insert into books values (1, 'Emma', 'Austen', 1815, 'Emma Woodhouse, handsome, clever, and rich.', x'ff');
            insert into books values (2, 'Dracula', 'Stoker', null, '3 May. Bistritz. 10:30 a %s b :x.', null);"""
        )
    return file


def of(file, select, known=()):
    return list(rows(f"sqlite:///{file}", select, dict.fromkeys(known)))


def test_rows_with_a_text_column(books):
    emma, dracula = of(books, "select * from books order by id")
    assert emma.text == "author: Austen\nyear: 1815\n\nEmma Woodhouse, handsome, clever, and rich."
    assert emma.title == "Emma"
    assert emma.id.startswith(f"sqlite:///{books}/") and emma.id.endswith("/1")
    assert dracula.text == "author: Stoker\n\n3 May. Bistritz. 10:30 a %s b :x."
    assert (emma.origin.where, emma.origin.rights) == (f"sqlite:///{books}", "")
    assert emma.origin.fetched.endswith("+00:00")


def test_rows_without_one(books):
    emma, _ = of(books, "select id, title, author from books order by id")
    assert (emma.text, emma.title) == ("id: 1\ntitle: Emma\nauthor: Austen", "Emma")


def test_rows_without_an_id_are_called_by_their_content(books):
    first = of(books, "select author, '10:30' as time from books")
    assert [d.id for d in first] == [d.id for d in of(books, "select  author, '10:30'\nas time from books")]
    assert len({d.id for d in first}) == 2
    assert first[0].title == "author: Austen"


def test_a_changed_row_has_the_same_name_and_another_digest(books):
    select = "select id, title, body from books where id = 1"
    [before] = of(books, select)
    with sqlite3.connect(books) as database:
        database.execute("update books set title = 'Emma!'")
    [after] = of(books, select)
    assert before.id == after.id
    assert before.digest != after.digest


def test_rows_that_are_there_no_more(books):
    select = "select id, body from books where id = 1"
    [emma] = of(books, select)
    old = emma.id.removesuffix("1") + "7"
    assert of(books, select, known=[old, emma.id, "sqlite:///other/7"])[1:] == [Gone(old, "")]
    assert len(of(books, "select id from books", known=[old])) == 2


@pytest.mark.parametrize(
    "statement",
    ["delete from books", "drop table books", "insert into books (id) values (9) returning id", "vacuum",
     "select 1; drop table books", "create table x (y)", "nonsense", ""],
)  # fmt: skip
def test_nothing_is_written(books, statement):
    before = books.read_bytes()
    [failure] = of(books, statement)
    assert failure.cause and failure.cure
    assert books.read_bytes() == before


def test_many_rows_stream(books):
    counted = "with recursive n(id) as (select 1 union all select id + 1 from n where id < {}) select id from n"
    stream = rows(f"sqlite:///{books}", counted.format(10**12), {})
    assert [next(stream).text for _ in range(3)] == ["id: 1", "id: 2", "id: 3"]
    stream.close()
    assert len(of(books, counted.format(1200))) == 1200


def test_an_error_in_the_middle_keeps_what_came_before(books):
    counted = "with recursive n(id) as (select 1 union all select id + 1 from n where id < 600)"
    found = of(books, counted + " select case when id < 600 then id else abs(-9223372036854775808) end as id from n")
    assert {type(item) for item in found} == {Document, Failure}
    assert "overflow" in found[-1].cause


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///nowhere.db", "no file"),
        ("nonsense", "no database's URL"),
        ("nosuchdb://x/y", "nosuchdb"),
        ("postgresql+pg8000://ada:s3cret@h/d", "pip install pg8000"),
    ],
)
def test_what_cannot_be_opened(url, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [failure] = rows(url, "select 1", {})
    assert said in f"{failure.cause} {failure.cure}"
    assert "s3cret" not in str(failure)
    assert not list(tmp_path.iterdir())


def test_a_password_is_never_shown_nor_kept(books):
    [failure] = rows("sqlite://ada:s3cret@h/x?password=s3cret", "select 1", {})
    assert "s3cret" not in str(failure)
    assert "s3cret" not in repr(rows)
    import quoth

    assert "s3cret" not in repr(quoth.Rows("postgresql://ada:s3cret@h/x", "select 1"))


class Percent(SQLiteDialect_pysqlite):
    """As the drivers of PostgreSQL and MySQL do: % is a place for a parameter, wherever some are given."""

    supports_statement_cache = True

    def do_execute(self, cursor, statement, parameters, context=None):
        cursor.execute(statement % parameters)


def test_a_percent_sign_is_what_it_is(books):
    """The drivers of PostgreSQL and MySQL fill % in when they are given parameters, be they none."""
    sa.dialects.registry.register("percent", __name__, "Percent")
    select = "select id, body from books where title like 'Em%' and id % 2 = 1"
    for url in (f"sqlite:///{books}", f"percent:///{books}"):
        [emma] = rows(url, select, {})
        assert "Emma Woodhouse" in emma.text
