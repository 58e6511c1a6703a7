"""ERank, top-k and energy of a compressed model beside its base: the weights, the hidden states and the logits.

Nothing here needs a serving engine. Jobs in child processes stream over layers, texts and vocabulary
(``weights``, ``observe``, ``contrast``); ``study`` caches what they find by content and ``summary`` turns it into
numbers with intervals and noise floors, which the tasks ``erank``, ``top-k`` and ``energy`` report.
"""
