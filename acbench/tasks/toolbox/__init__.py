"""Our own catalogue of tools, a simulator that answers calls, and verified plans for tasks of four levels.

* ``TOOLS``, ``BY_NAME``, ``DOMAINS``: 32 tools in six domains. ``Tool(name, domain, description, parameters,
  returns)``, ``Parameter(name, type, description, required, choices)``.
* ``World(seed)``: seeded tables of all domains. ``world.call(name, args) -> Outcome(ok, value, error_kind)`` never
  raises; error kinds are ``unknown_tool, missing_argument, unknown_argument, ill_typed, not_found, not_possible``
  and, for tools in ``World(seed, broken={...})``, ``internal``. ``world.facts``: what calls have brought about.
* ``scenarios(level, count, seed) -> tuple[Scenario]`` for a level of ``LEVELS`` (`level1` one call, `level2` a
  chain of two, `level3` three or four calls that are no simple chain, `level4` five or six with a join). A Scenario
  has ``goal`` (text), ``steps``, ``tools`` (names on offer, distractors among them), ``wanted`` (facts), ``world()``.
* ``Step(id, name, args, thought)``, with ``prev`` (ids of the steps it needs). Arguments that come from an earlier
  result are ``Ref(step, field)``; ``written_args()`` writes them as text, ``<0.train_id>``.
* ``execute(world, steps) -> {id: Outcome}``, ``resolve(args, results)``, ``reaches(scenario, steps)``,
  ``verify(scenario)``.

Every scenario is verified when it is made: its plan reaches the goal, and without any one step it does not.
"""

from acbench.tasks.toolbox.model import ERROR_KINDS, Outcome, Parameter, Tool
from acbench.tasks.toolbox.plan import LEVELS, Ref, Scenario, Step, execute, reaches, resolve
from acbench.tasks.toolbox.scenarios import scenarios, verify
from acbench.tasks.toolbox.world import BY_NAME, DOMAINS, TOOLS, World

__all__ = [
    "BY_NAME",
    "DOMAINS",
    "ERROR_KINDS",
    "LEVELS",
    "TOOLS",
    "Outcome",
    "Parameter",
    "Ref",
    "Scenario",
    "Step",
    "Tool",
    "World",
    "execute",
    "reaches",
    "resolve",
    "scenarios",
    "verify",
]
