"""Cards and views as a ChatOps bot would post them: the material of the page's tests. Written for the page alone."""

from bot.sim.slack.wire import Json


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    """A mrkdwn object that parses nothing by itself."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def button(label: str, action_id: str, value: str = "a-1", **more: object) -> Json:
    """A button."""
    return {"type": "button", "text": plain(label), "action_id": action_id, "value": value, **more}


def section(text: str) -> Json:
    """A section of mrkdwn."""
    return {"type": "section", "text": mrkdwn(text)}


def context(text: str) -> Json:
    """A small grey line."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def command(text: str) -> Json:
    """A preformatted command."""
    content = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [content]}


def actions(block_id: str, *elements: Json) -> Json:
    """A row of elements."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def input_block(block_id: str, label: str, element: Json, **more: object) -> Json:
    """An input with its label."""
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


def root(number: int, title: str, *, severity: str, state: str) -> list[Json]:
    """The root message of an incident."""
    return [
        section(f"*INC-{number}  {title}*  ·  {severity}"),
        context("api-gateway · production · since 04:17 (2 min) · 3 alerts"),
        section(state),
        context("Runbook `redis-connection-timeout` · level 1 · 0.94 match"),
        actions(
            f"root-{number}",
            button("Take it", "incident.take", style="primary"),
            button("Other runbook", "incident.other"),
            button("Escalate", "incident.escalate"),
        ),
    ]


FLUSH = "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB"


def approval() -> list[Json]:
    """A medium step that waits for one approval."""
    return [
        section("*Step 1/2  Flush the connection pool*  ·  medium"),
        command(FLUSH),
        section(
            "*On*  pod redis-primary-7c9f4 (container redis), as ServiceAccount oncall\n"
            "*Will*  empty the cache of redis-primary · cannot be undone\n"
            '*Then*  expects "OK"; on failure goes on to step 2'
        ),
        context("Limit: cache operations 1 of 1 · pod restarts 0 of 0"),
        context("Dry run: exec cannot be simulated; target is ready, permission present"),
        context("Asked because medium at level 1 · plan a41f9c · until 04:32"),
        actions(
            "step-1",
            button("Approve", "step.approve", style="primary"),
            button("Reject", "step.reject", style="danger"),
            button("Details", "step.details"),
        ),
    ]


def done() -> list[Json]:
    """The same step after it ran."""
    return [
        section("*Step 1/2  Flush the connection pool*  ·  done"),
        command(FLUSH),
        context("Approved by <@U0BEN> 04:18:02 · ran 1.2 s · output OK · check passed"),
    ]


def high_step() -> Json:
    """The modal of a high step."""
    return {
        "type": "modal",
        "callback_id": "step.confirm",
        "title": plain("Roll back api"),
        "submit": plain("Roll back api"),
        "close": plain("Not now"),
        "private_metadata": "inc-42/step-2",
        "notify_on_close": True,
        "blocks": [
            command("kubectl rollout undo deployment/api -n production"),
            section(
                "*Changes*  image `api:1.9.2` → `api:1.9.1`\n*Restarts*  3 of 3 pods, one after another\n"
                "*Undo*  `kubectl rollout undo` once more brings 1.9.2 back"
            ),
            {"type": "alert", "text": plain("Every request to api is affected for up to 30 s."), "level": "warning"},
            input_block(
                "typed",
                "Type the target's name to confirm",
                {"type": "plain_text_input", "action_id": "typed", "placeholder": plain("deployment/api")},
            ),
            input_block(
                "reason",
                "Reason",
                {"type": "plain_text_input", "action_id": "reason", "multiline": True, "min_length": 10},
                hint=plain("At least ten characters, kept for the record."),
            ),
        ],
    }


def home() -> Json:
    """An App Home."""
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": plain("Waiting for you")},
            section("*INC-42*  Redis connection timeout · step 1/2 · expires 04:32"),
            actions("home-1", button("Open", "home.open", style="primary"), button("Reject", "step.reject")),
            {"type": "divider"},
            {"type": "header", "text": plain("Open incidents")},
            {
                "type": "table",
                "rows": [
                    [{"type": "raw_text", "text": text} for text in ("Incident", "Service", "Since")],
                    [{"type": "raw_text", "text": text} for text in ("INC-42", "api-gateway", "2 min")],
                    [{"type": "raw_text", "text": text} for text in ("INC-41", "checkout", "14 min")],
                ],
            },
            {"type": "divider"},
            {"type": "header", "text": plain("Freeze")},
            section("Not frozen."),
            context("Did alone in the last 24 h: 3 reads, 0 changes"),
        ],
    }
