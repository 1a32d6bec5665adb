"""Do the commands of docs/tls.md make certificates that the server takes?"""

from pathlib import Path

import yaml

from tests.docs.shell import missing, on_a_terminal, steps
from uns.app.settings import read_settings

DOCUMENT = (Path(__file__).parents[2] / "docs/tls.md").read_text(encoding="utf-8")


def test_the_commands_do_what_the_page_says(tmp_path: Path) -> None:
    for step in steps(DOCUMENT):
        code, shown = on_a_terminal(step.command, {}, tmp_path)
        assert code == 0, shown
        assert missing(step, shown) == [], shown


def test_the_sample_is_of_settings_that_exist() -> None:
    sample = DOCUMENT.partition("```yaml\n")[2].partition("```")[0]
    settings, findings = read_settings(yaml.safe_load(sample), {})
    assert findings == []
    assert settings.mqtt.tls_certificate == "tls/server.pem"
