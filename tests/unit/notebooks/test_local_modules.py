import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labline.notebooks import local_modules


def found(folder, *cells: str) -> list[str]:
    book = new_notebook(cells=[new_markdown_cell("import nothing"), *map(new_code_cell, cells)])
    return [path.relative_to(folder).as_posix() for path in local_modules(book, folder)]


def test_what_lies_beside_the_notebook_and_what_that_imports_is_found(tmp_path):
    (tmp_path / "first.py").write_text("def f():\n    import second")
    (tmp_path / "second.py").write_text("import first, numpy")
    (tmp_path / "unused.py").write_text("")
    assert found(tmp_path, "%matplotlib inline\nimport pandas, first") == ["first.py", "second.py"]
    assert found(tmp_path, "!ls\nfrom second import x") == ["first.py", "second.py"]
    assert found(tmp_path, "%%bash\nimport first", "import first.x +") == []


def test_all_of_a_package_is_found_but_its_caches(tmp_path):
    package = tmp_path / "tools"
    (package / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "deep.py", "words.txt", "__pycache__/deep.pyc"):
        (package / name).write_text("")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "part.py").write_text("")
    (tmp_path / "plain" / "table.csv").write_text("")
    shown = ["tools/__init__.py", "tools/deep.py", "tools/words.txt"]
    assert found(tmp_path, "from tools.deep import x") == shown
    assert found(tmp_path, "import plain.part") == ["plain/part.py"]


def test_a_script_that_is_run_is_found_with_what_it_uses(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "helper.py").write_text("import second")
    (tmp_path / "second.py").write_text("")
    (tmp_path / "tool.py").write_text("")
    (tmp_path.parent / "outside.py").write_text("")
    shown = ["deep/helper.py", "second.py"]
    assert found(tmp_path, "x = 1\n%run -i -e deep/helper.py --alpha '1 2'") == shown
    assert found(tmp_path, "%run deep/helper") == shown
    assert found(tmp_path, "%run -m tool x") == ["tool.py"]
    assert found(tmp_path, "%run ../outside.py", "%run", "%run 'open", "%run -Z tool.py") == []


def test_a_notebook_that_is_run_is_found_with_what_it_uses(tmp_path):
    (tmp_path / "second.py").write_text("")
    nbformat.write(new_notebook(cells=[new_code_cell("import second")]), tmp_path / "other.ipynb")
    (tmp_path / "broken.ipynb").write_text("{")
    assert found(tmp_path, "%run other.ipynb") == ["other.ipynb", "second.py"]
    assert found(tmp_path, "%run broken.ipynb") == ["broken.ipynb"]
