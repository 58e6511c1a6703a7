// Configuration of the HTML report. `publish.py` names a JSON file with the settings of one build in
// ACBENCH_REPORT_SETTINGS; without it the defaults below make an ordinary folder report.
import { readFileSync } from "node:fs";

const file = process.env.ACBENCH_REPORT_SETTINGS;
const settings = file ? JSON.parse(readFileSync(file, "utf8")) : {};
const name = settings.name ?? "ACBench";
const singleFile = settings.singleFile ?? false;
const earlierRuns = settings.earlierRuns ?? 0;
const severities = settings.severities ?? ["critical", "normal", "minor", ""];
const STABILITY_RUNS = 3;

// Trends say nothing about a single run: they appear as soon as they have something to show.
const overTime = [];
if (earlierRuns > 0) {
  overTime.push(
    { type: "statusDynamics", title: "Verdicts over runs", limit: 20 },
    { type: "durationDynamics", title: "Run time over runs", limit: 20 },
  );
}
if (earlierRuns >= STABILITY_RUNS) {
  overTime.push({
    type: "stabilityDistribution",
    title: "Stability of verdicts by task",
    groupBy: "label-name:task",
    stabilizationPeriod: STABILITY_RUNS,
    limit: 20,
  });
}

const charts = [
  { type: "currentStatus", title: "Verdicts of this run", statuses: ["passed", "failed", "broken", "skipped"] },
  {
    type: "testResultSeverities",
    title: "Verdicts by gate (critical: gates, minor: report-only)",
    levels: severities.filter((name) => name !== ""),
    includeUnset: severities.includes(""),
  },
  { type: "durations", title: "Time per case", groupBy: "none" },
  ...overTime,
];

export default {
  name,
  ...(settings.output ? { output: settings.output } : {}),
  ...(settings.historyPath ? { historyPath: settings.historyPath, historyLimit: settings.historyLimit ?? 50 } : {}),
  ...(settings.categories ? { categories: { rules: settings.categories } } : {}),
  // The suite and behaviour labels repeat model, compression, task, capability and method under other names.
  hideLabels: [
    ...["host", "thread", "language", "framework", "package"],
    ...["parentSuite", "suite", "subSuite", "epic", "feature", "story"],
  ],
  plugins: {
    awesome: {
      options: {
        reportName: name,
        singleFile,
        reportLanguage: "en",
        groupBy: ["model", "compression", "task"],
        defaultSortBy: "name,asc",
        sections: ["charts", "timeline"],
        charts,
      },
    },
    dashboard: {
      options: { reportName: `${name}: dashboard`, singleFile, reportLanguage: "en", layout: charts },
    },
    agent: { enabled: false, options: {} },
  },
};
