"""What the page makes of texts and blocks, above all of hostile ones."""

import pytest
from playwright.async_api import Browser, Page, expect

from bot.sim.slack.wire import Json
from tests import browser as browsers
from tests.sim.page import samples
from tests.sim.page.workspaces import CHANNEL, Workspace

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Draws a mrkdwn text in the page's own code, outside any message, and gives its markup back.
_DRAW = """async ([text, verbatim]) => {
  const { renderMrkdwn } = await import("/ui/static/mrkdwn.js");
  const { Names } = await import("/ui/static/names.js");
  const { Workspace } = await import("/ui/static/store.js");
  const workspace = new Workspace();
  workspace.users.set("U0ANA", { id: "U0ANA", name: "ana", real_name: "Ana Ruiz" });
  const holder = document.createElement("div");
  holder.append(renderMrkdwn(text, { names: new Names(workspace), verbatim }));
  return holder.innerHTML;
}"""


async def draw(page: Page, text: str, *, verbatim: bool = True) -> str:
    """The markup of a mrkdwn text."""
    markup: str = await page.evaluate(_DRAW, [text, verbatim])
    return markup


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("*bold* _it_ ~gone~ `code`", "<strong>bold</strong> <em>it</em> <s>gone</s> <code>code</code>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("*a _b_ c*", "<strong>a <em>b</em> c</strong>"),
        ("`*not bold*`", "<code>*not bold*</code>"),
        ("* not bold *", "* not bold *"),
        ("a &lt;b&gt; &amp;amp; c", "a &lt;b&gt; &amp;amp; c"),
        ("&gt; quoted\nplain", "<blockquote>quoted</blockquote>plain"),
        ("*open\nclose*", "*open\nclose*"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("<!date^0^{nonsense}|long ago>", '<time class="date" title="long ago">long ago</time>'),
    ],
)
async def test_mrkdwn_becomes_exactly_this_markup(idle_page: Page, text: str, markup: str) -> None:
    assert await draw(idle_page, text) == markup


async def test_only_web_and_mail_addresses_become_links(idle_page: Page) -> None:
    good = await draw(idle_page, "<https://example.org/x|here> <mailto:a@b.example|mail>")
    bad = await draw(idle_page, "<javascript:alert(1)|here> <data:text/html,x|there> <tel:123|call>")

    assert good.count("<a ") == 2
    assert good.count('rel="noopener noreferrer"') == 2
    assert "<a " not in bad


async def test_verbatim_text_is_never_parsed_for_mentions_or_links(idle_page: Page) -> None:
    verbatim = await draw(idle_page, "@channel https://example.org")
    parsed = await draw(idle_page, "@channel https://example.org", verbatim=False)
    special = await draw(idle_page, "<!channel> <@U0ANA>")

    assert verbatim == "@channel https://example.org"
    assert 'data-broadcast="channel"' in parsed
    assert '<a href="https://example.org/"' in parsed
    assert 'data-broadcast="channel"' in special
    assert 'data-user="U0ANA"' in special


@pytest.mark.parametrize("sign", ["*", "_", "`", "<", "~", ":", "*_", "`\n", "<a", "*a ", "&lt;", "```"])
async def test_fifty_thousand_signs_are_drawn_within_a_second(idle_page: Page, sign: str) -> None:
    text = (sign * 50_000)[:50_000]
    timed = "async (given) => { const from = performance.now(); await (%s)(given); return performance.now() - from }"
    took = await idle_page.evaluate(timed % _DRAW, [text, False])

    assert took < 1000


async def test_a_hostile_alert_stays_inert_and_cannot_leave_its_message(
    chromium: Browser, workspace: Workspace
) -> None:
    markup = '</div><script>window.owned = 1</script><img src=x onerror="window.owned=1">'
    hostile = markup + " \u202egnp.exe ``` <!channel> javascript:x"
    rich: Json = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": hostile}]}],
    }
    ts = await workspace.post(
        "alert", [rich, samples.command(hostile), {"type": "section", "text": samples.plain(hostile)}]
    )

    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        message = page.locator(f'[data-ts="{ts}"]')
        await expect(message.locator(".rich-text").first).to_have_text(hostile.replace("\u202e", "U+202E"))
        await expect(message.locator(".bidi-mark").first).to_have_text("U+202E")
        assert await message.locator("script, img, .mention").count() == 0
        assert await page.evaluate("window.owned === undefined")


async def test_three_backticks_in_untrusted_preformatted_text_do_not_break_out(
    chromium: Browser, workspace: Workspace
) -> None:
    text = "before ``` *bold* <!channel> ``` after"
    ts = await workspace.post("output", [samples.command(text)])

    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        message = page.locator(f'[data-ts="{ts}"]')
        await expect(message.locator("pre")).to_have_text(text)
        assert await message.locator("strong:not(.author), .mention").count() == 0


async def test_a_very_long_message_is_folded_and_can_be_unfolded(chromium: Browser, workspace: Workspace) -> None:
    ts = await workspace.post("x" * 39_000)

    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        message = page.locator(f'[data-ts="{ts}"]')
        folded = await message.bounding_box()
        await message.get_by_role("button", name="Show all").click()
        unfolded = await message.bounding_box()
        assert folded is not None
        assert unfolded is not None
        assert folded["height"] < 844
        assert unfolded["height"] > 5_000
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_an_unknown_block_is_shown_as_its_json(idle_page: Page) -> None:
    drawn = """async () => {
      const { renderBlocks } = await import("/ui/static/blocks.js");
      const holder = document.createElement("div");
      holder.append(renderBlocks([{ type: "hologram", block_id: "b", depth: 3 }, { type: "constructor" }], {}));
      return [...holder.querySelectorAll(".unknown pre")].map((one) => JSON.parse(one.textContent));
    }"""
    assert await idle_page.evaluate(drawn) == [
        {"type": "hologram", "block_id": "b", "depth": 3},
        {"type": "constructor"},
    ]


async def test_every_kind_of_block_is_drawn(chromium: Browser, workspace: Workspace) -> None:
    link = {"type": "link", "url": "https://example.org", "text": "docs", "style": {"bold": True}}
    people = [
        {"type": "user", "user_id": "U0BEN"},
        {"type": "usergroup", "usergroup_id": "S0SRE"},
        {"type": "broadcast", "range": "here"},
    ]
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
    listing = {"type": "rich_text_list", "style": "ordered", "elements": [item, item]}
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said"}]}
    picture = {"type": "image", "image_url": "https://pictures.example/a.png", "alt_text": "A graph"}
    cells = [{"type": "raw_text", "text": "name"}, {"type": "raw_text", "text": "count"}]
    blocks: list[Json] = [
        {"type": "header", "text": samples.plain("Heading")},
        {"type": "section", "fields": [samples.mrkdwn("*A*\none"), samples.mrkdwn("*B*\ntwo")]},
        {"type": "divider"},
        picture,
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [link, *people]}, listing, quote]},
        {
            "type": "markdown",
            "text": "# Title\n\n- **bold** item\n- [link](https://example.org) and [bad](javascript:x)\n\n> quote",
        },
        {"type": "table", "rows": [cells, cells]},
    ]
    ts = await workspace.post("all blocks", blocks)

    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        message = page.locator(f'[data-ts="{ts}"]')
        await expect(message.locator("h3")).to_have_text("Heading")
        await expect(message.locator(".section-field")).to_have_count(2)
        await expect(message.get_by_role("img", name="A graph")).to_be_visible()
        await expect(message.locator(".block-rich_text .mention")).to_have_text(["@ben", "@sre", "@here"])
        await expect(message.locator("ol > li")).to_have_count(2)
        await expect(message.locator(".markdown li strong")).to_have_text("bold")
        await expect(message.locator(".markdown a")).to_have_count(1)
        await expect(message.locator("td")).to_have_count(2)
