"""Forms for a product's photos."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from shop.core.web.file_fields import PhotosField
from shop.members.forms.fields import MembersForm, PhotoField

MAX_PHOTOS_PER_FORM = 8  # scripts send them one by one


class PhotosForm(MembersForm):
    """A photo from the camera, or photos from the gallery."""

    photo = PhotoField(
        label=_("Take a photo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*", "capture": "environment"}),
    )
    gallery_photos = PhotosField(
        label=_("Choose photos"),
        max_count=MAX_PHOTOS_PER_FORM,
        too_many=_("Choose at most eight photos at once."),
    )

    @property
    def uploads(self) -> list[UploadedFile[bytes]]:
        photo: UploadedFile[bytes] | None = self.cleaned_data.get("photo")
        return [*([photo] if photo else []), *self.cleaned_data.get("gallery_photos", [])]


class MorePhotosForm(PhotosForm):
    """Photos chosen on a product's page. A script may have sent some of them one by one before."""

    sent_before_count = forms.IntegerField(
        min_value=0, max_value=1000, required=False, widget=forms.HiddenInput
    )

    @property
    def photo_count(self) -> int:
        return len(self.uploads) + (self.cleaned_data.get("sent_before_count") or 0)


class RequiredPhotosForm(MorePhotosForm):
    """More photos of an existing product, at least one."""

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.errors and not self.photo_count:
            self.add_error("photo", _("Take or choose a photo."))
        return cleaned


class CaptionForm(MembersForm):
    """What a photo of a product shows."""

    caption = forms.CharField(max_length=250, required=False)
