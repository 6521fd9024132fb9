"""The fields of an entry as plain data, with the things that each may name: what a form is drawn from."""

from __future__ import annotations

from ncpc_kg.entries.known import Known
from ncpc_kg.entries.profile import Field, Group, Profile, describe

_LISTED = 400


def outline(profile: Profile, known: Known) -> dict[str, object]:
    """Lay out the fields of an entry.

    Args:
        profile: What an entry consists of.
        known: The things that fields may name.

    Returns:
        The fields as `form`, nested as they are; the choices as `lists`, each once under a name
        that its fields give.
    """
    lists: dict[str, list[str]] = {}
    names: dict[object, str] = {}

    def of_field(of: Field) -> dict[str, object]:
        values: dict[str, object] = {
            "name": of.name,
            "label": of.label,
            "help": of.help,
            "form": "" if of.is_choice else describe(of),
            "example": of.example,
            "needed": of.minimum > 0,
            "maximum": of.maximum,
            "many": of.many,
            "tagged": of.tagged,
            "languages": list(of.languages),
            "constant": of.constant is not None,
            "section": of.section,
            "section_order": of.section_order,
        }
        if of.is_choice:
            if of.range not in names:
                names[of.range] = f"list-{len(names) + 1}"
                lists[names[of.range]] = list(known.texts(of, _LISTED))
            values["list"] = names[of.range]
        if of.group is not None:
            values["group"] = of_group(of.group)
        if of.new is not None:
            values["new"] = of_group(of.new)
        return values

    def of_group(group: Group) -> dict[str, object]:
        return {"label": group.label, "fields": [of_field(of) for of in group.fields]}

    return {"form": of_group(profile.centre), "lists": lists}
