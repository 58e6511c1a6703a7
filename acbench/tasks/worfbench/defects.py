"""Gold records of the published files that are defective (spec 6.2), by name; they stay in the headline figure."""

from __future__ import annotations

EXPLAINED = "numbered lines of an explanation follow the workflow"
CASE = "START is written in another case, the published reading loses its edges"
INSIDE = "lines of an explanation stand inside the list of sub-tasks"
ONE_EDGE = "a single edge"
NO_END = "no edge leads to END"
SPARSE = "the edges leave out most sub-tasks"
ORDER = "the listing contradicts the edges"

DEFECTIVE: dict[str, str] = {
    **dict.fromkeys((f"wikihow_{n}" for n in (23, 29, 65, 71, 155, 228, 254)), EXPLAINED),
    "wikihow_262": f"{EXPLAINED}; {CASE}",
    "toolbench_52": EXPLAINED,
    "lumos_21358": INSIDE,
    **dict.fromkeys(("lumos_20047", "lumos_14076"), ONE_EDGE),
    "alfworld_549": NO_END,
    **dict.fromkeys((f"seal_tools_{n}" for n in (60, 108, 188)), SPARSE),
    **dict.fromkeys((f"intercodesql_{n}" for n in (192, 253, 308)), ORDER),
}
"""Record id -> what is wrong with its gold text."""

DUPLICATE_PROMPT = "the same prompt stands earlier in the file"
