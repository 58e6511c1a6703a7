"""Lists the plug-ins; everything else lives in modules."""

pytest_plugins = ["acbench.plugin.main", "fixtures.judging", "reports.allure", "reports.run_summary"]
