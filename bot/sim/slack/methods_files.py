"""files.getUploadURLExternal and completeUploadExternal, and the upload between them."""

from aiohttp import web

from bot.sim.slack import composing
from bot.sim.slack.calls import Call, Method
from bot.sim.slack.channels import Channel
from bot.sim.slack.errors import SlackError
from bot.sim.slack.files import Files, Upload
from bot.sim.slack.messages import Draft
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.wire import Json

_CHANNEL_LIMIT = 100


def get_upload_url(call: Call) -> Json:
    """files.getUploadURLExternal"""
    name, length = call.arguments.text("filename"), call.arguments.number("length", 0)
    if not name or length < 1:
        raise SlackError("missing_argument")
    upload = call.workspace.files.announce(name, length)
    return {"upload_url": f"http://{call.host}/upload/v1/{upload.id}", "file_id": upload.id}


def complete(call: Call) -> Json:
    """files.completeUploadExternal: once per file; shared to channels as a file_share message."""
    files = call.arguments.tree("files", "invalid_arguments")
    if not isinstance(files, list) or not files:
        raise SlackError("invalid_arguments", messages=["missing required field: files"])
    uploads = [call.workspace.files.pending(str(entry.get("id"))) for entry in files if isinstance(entry, dict)]
    channels = _channels(call)
    for upload, entry in zip(uploads, files, strict=True):
        upload.is_completed = True
        upload.title = str(entry.get("title") or upload.name)
    for channel in channels:
        _share(call, channel, uploads)
    return {"files": [_shown(call, upload) for upload in uploads]}


async def receive(request: web.Request, files: Files) -> web.Response:
    """POST to the upload address: raw bytes or one multipart part."""
    upload = files.all.get(request.match_info["file_id"])
    if upload is None or upload.content is not None:
        return web.Response(status=404, text="no such upload")
    if request.content_type == "multipart/form-data":
        part = next(iter((await request.post()).values()), None)
        upload.content = part.file.read() if isinstance(part, web.FileField) else str(part or "").encode()
    else:
        upload.content = await request.read()
    return web.Response(text=f"OK - {len(upload.content)}")


def _channels(call: Call) -> list[Channel]:
    workspace = call.workspace
    wanted = call.arguments.words("channels") or call.arguments.words("channel_id")
    if len(wanted) > _CHANNEL_LIMIT:
        raise SlackError("channels_limit_exceeded")
    found = [workspace.channels.visible_to(workspace.bot, one) for one in wanted]
    if any(workspace.bot not in channel.members for channel in found):
        raise SlackError("not_in_channel")
    return found


def _share(call: Call, channel: Channel, uploads: list[Upload]) -> None:
    arguments, workspace = call.arguments, call.workspace
    extra = {"subtype": "file_share", "upload": True, "files": [_shown(call, upload) for upload in uploads]}
    text = composing.sanitised(arguments.text("initial_comment"))
    author, thread = workspace.bot_author, arguments.text("thread_ts")
    workspace.messages.post(channel, Draft(author=author, text=text, thread_ts=thread, extra=extra))


def _shown(call: Call, upload: Upload) -> Json:
    return {
        "id": upload.id,
        "name": upload.name,
        "title": upload.title,
        "size": len(upload.content or b""),
        "user": call.workspace.bot,
        "url_private": f"http://{call.host}/files-pri/{upload.id}",
        "permalink": f"https://{call.workspace.seed.domain}.slack.com/files/{upload.id}",
    }


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, ("files:write",), Tier.FOUR),
    "files.completeUploadExternal": Method(complete, ("files:write",), Tier.FOUR),
}
