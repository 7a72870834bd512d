"""What a browser says of a file before it sends it."""

from django import forms

from video.feedback.attachments import NewFile
from video.models import Attachment


class FileForm(forms.Form):
    """What a browser says of a file that is to go with a mark."""

    name = forms.CharField(max_length=1000)
    size = forms.IntegerField(min_value=0, max_value=2**62)
    kind = forms.ChoiceField(choices=Attachment.Kind.choices, required=False)
    fingerprint = forms.RegexField(r"^[0-9a-f]{64}$", required=False)

    @property
    def file(self) -> NewFile:
        found = self.cleaned_data
        return NewFile(
            name=found["name"],
            size=found["size"],
            kind=Attachment.Kind(found["kind"] or Attachment.Kind.FILE),
            fingerprint=found["fingerprint"],
        )
