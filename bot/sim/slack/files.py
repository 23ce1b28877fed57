"""Files on their way in: upload addresses, their bytes, and completion. https://docs.slack.dev/messaging/working-with-files"""

from dataclasses import dataclass

from bot.sim.slack.errors import SlackError
from bot.sim.slack.ids import Ids

SIZE_LIMIT = 1024**3  # Slack takes files of up to 1 GB


@dataclass(slots=True)
class Upload:
    """A file that was announced; it exists for people only once completed."""

    id: str
    name: str
    length: int
    content: bytes | None = None
    is_completed: bool = False
    title: str = ""


class Files:
    """Every announced file."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.all: dict[str, Upload] = {}

    def announce(self, name: str, length: int) -> Upload:
        """Reserves an id and a place to send the bytes to."""
        if length > SIZE_LIMIT:
            raise SlackError("file_upload_size_restricted")
        upload = Upload(self._ids.make("F"), name, length)
        self.all[upload.id] = upload
        return upload

    def pending(self, file_id: str) -> Upload:
        """An uploaded file that was not completed yet, or file_not_found."""
        upload = self.all.get(file_id)
        if upload is None or upload.content is None or upload.is_completed:
            raise SlackError("file_not_found")
        return upload
