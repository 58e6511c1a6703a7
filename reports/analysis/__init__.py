"""Figures and tables of the analyses ``erank``, ``top-k`` and ``energy``, from ``CaseResult.analysis`` alone."""
