"""The files that kubectl commands of a runbook name: read with it, part of its digest, and never from elsewhere."""

import os
from pathlib import Path

import pytest

from bot.adapters.runbook_files import manifests, report
from bot.adapters.runbook_files.findings import Unreadable
from bot.adapters.runbook_files.library import RunbookFiles
from bot.core.runbooks import Library, Runbook

RUNBOOK = """name: fix
match: {{alert_names: [fix]}}
steps:
  - name: apply
    run: kubectl apply -n shop -f {path}
    verify: {{run: kubectl get cm limits -n shop, expect: {{contains: limits}}, within: 10s}}
    undo: {{run: kubectl apply -n shop -f manifests/back.yaml}}
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: limits}}\ndata: {{MOST: '{most}', 'ON': 'yes'}}\n"


def folder(root: Path, *, path: str = "manifests/limits.yaml", most: str = "5") -> Path:
    (root / "manifests").mkdir(exist_ok=True)
    (root / "fix.yaml").write_text(RUNBOOK.format(path=path))
    for name in ("limits", "back"):
        (root / "manifests" / f"{name}.yaml").write_text(CONFIG.format(most=most))
    return root


def the(library: Library) -> Runbook:
    (found,) = library.runbooks.values()
    return found


def problems(root: Path) -> str:
    return "\n".join(str(problem) for problem in RunbookFiles(root).current().problems)


def test_a_runbook_holds_what_its_files_say_and_a_manifest_is_no_runbook(tmp_path: Path) -> None:
    library = RunbookFiles(folder(tmp_path)).current()
    assert library.problems == ()
    assert sorted(the(library).manifests) == ["manifests/back.yaml", "manifests/limits.yaml"]
    (document,) = the(library).manifests["manifests/limits.yaml"]
    assert isinstance(document, dict) and document["data"] == {"MOST": "5", "ON": "yes"}
    assert report.check([tmp_path]) == []


def test_F61_a_changed_manifest_is_a_changed_runbook(tmp_path: Path) -> None:
    files = RunbookFiles(folder(tmp_path))
    before = the(files.current())
    assert not files.reload_if_changed()
    folder(tmp_path, most="6")
    assert files.reload_if_changed()
    after = the(files.current())
    assert after.digest != before.digest and after.manifests != before.manifests


def test_a_manifest_that_breaks_keeps_the_last_good_runbook(tmp_path: Path) -> None:
    files = RunbookFiles(folder(tmp_path))
    before = the(files.current())
    (tmp_path / "manifests" / "limits.yaml").write_text("a: [")
    assert files.reload_if_changed()
    assert the(files.current()) == before
    assert "manifests/limits.yaml is not YAML" in str(files.current().problems[0])
    (tmp_path / "manifests" / "limits.yaml").unlink()
    assert files.reload_if_changed()
    assert "cannot be read: No such file" in str(files.current().problems[0])
    folder(tmp_path, most="7")
    assert files.reload_if_changed() and files.current().problems == ()


@pytest.mark.parametrize(
    "path", ["../outside.yaml", "/etc/passwd", "https://example.com/x.yaml", "-", "manifests/../../x.yaml", "manifests"]
)
def test_F74_a_file_from_elsewhere_is_never_opened(tmp_path: Path, path: str) -> None:
    (tmp_path / "runbooks").mkdir()
    root = folder(tmp_path / "runbooks", path=path)
    (tmp_path / "outside.yaml").write_text(CONFIG.format(most=1))
    assert "below the folder of runbooks" in problems(root)


def test_F74_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "runbooks"
    root.mkdir()
    folder(root)
    (tmp_path / "outside.yaml").write_text(CONFIG.format(most=1))
    (root / "manifests" / "limits.yaml").unlink()
    (root / "manifests" / "limits.yaml").symlink_to(tmp_path / "outside.yaml")
    assert "is a link out of the folder" in problems(root)


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "manifests" / "limits.yaml").unlink()
    os.mkfifo(tmp_path / "manifests" / "limits.yaml")
    assert "is not a regular file" in problems(tmp_path)


def test_an_object_that_cannot_be_applied_keeps_its_runbook_from_loading(tmp_path: Path) -> None:
    root = folder(tmp_path)
    (root / "manifests" / "limits.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {a: Yg==}\n"
    )
    assert "do not belong in a runbook" in problems(root)


def test_documents_keep_their_order_and_dates_stay_text() -> None:
    assert manifests.documents(b"a: 2024-01-02\n---\n- 1\n- 1.5\n---\n", shown="x") == (
        {"a": "2024-01-02"},
        [1, 1.5],
        None,
    )
    assert manifests.documents(b'{"a": null}', shown="x") == ({"a": None},)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"a: [", "is not YAML"),
        (b"a: &x 1\nb: *x\n", "anchors and aliases"),
        (b"!!python/object/apply:os.system ['id']", "is not YAML"),
        (b"? [a]\n: b\n", "is not YAML"),
        (b"1: b\n", "the key 1 is not text"),
        (b"on: b\n", "the key True is not text"),
        (b"a: .inf\n", "that JSON does not have"),
        (b"a: !!binary aGk=\n", "that JSON does not have"),
        (b"[" * 3000, "is not YAML"),
        (b"---\na: 1\n" * 51, "more than 50 documents"),
    ],
)
def test_what_is_no_manifest_is_told(raw: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        manifests.documents(raw, shown="x.yaml")
