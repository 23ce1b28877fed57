"""services.yaml: the tier of each service, read whole or not at all."""

from pathlib import Path

from bot.adapters.runbook_files import report
from bot.adapters.runbook_files.library import RunbookFiles


def test_tiers_are_part_of_the_library_and_taken_up_while_running(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text("payments: {tier: critical}\n", "utf-8")
    files = RunbookFiles(tmp_path)
    assert files.current().tiers == {"payments": "critical"}
    file.write_text("payments: {tier: critical}\nweb shop: {tier: tier-2}\n", "utf-8")
    assert files.reload_if_changed() and files.current().tiers["web shop"] == "tier-2"


def test_what_is_wrong_is_named_and_the_last_good_tiers_stay(tmp_path: Path) -> None:
    file = tmp_path / "services.yaml"
    file.write_text("payments: {tier: critical}\n", "utf-8")
    files = RunbookFiles(tmp_path)
    file.write_text("payments: {teir: low}\norders:\n  tier: 'Very High'\n", "utf-8")
    assert files.reload_if_changed()
    assert files.current().tiers == {"payments": "critical"}
    problems = report.check([tmp_path])
    assert [each.line for each in problems][-1] == 3 and any("tier" in each.remedy for each in problems)
    assert set(problems) == set(files.current().problems)
