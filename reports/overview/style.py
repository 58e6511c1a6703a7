"""The look of overview pages: the reader's light or dark, tables that scroll inside of the page, no web font."""

STYLE = """
:root{--ink:#1f2328;--muted:#57606a;--page:#fff;--line:#d0d7de;--head:#f6f8fa;
--pass:#dff3e4;--fail:#fbdcd5;--open:#fdf3d0;--edge-pass:#1a7f37;--edge-fail:#b3361b;--edge-open:#8a6300}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--muted:#9ba5b0;--page:#0d1117;--line:#30363d;--head:#161b22;
--pass:#12361f;--fail:#4d1f14;--open:#3f320a;--edge-pass:#3fb950;--edge-fail:#ff8f73;--edge-open:#d9a520}}
body{font:14px/1.45 system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;color:var(--ink);background:var(--page);
margin:24px auto;max-width:1320px;padding:0 16px}
h1{font-size:24px;margin:0 0 8px}h2{font-size:18px;margin:32px 0 8px}
.lead{font-size:17px;line-height:1.4;margin:0 0 12px;max-width:75em}
.note,.legend,small{color:var(--muted);font-size:12px}ul{margin:4px 0 0;padding-left:20px}p.note{margin:6px 0}
.wide{overflow-x:auto}figure{margin:12px 0;overflow-x:auto}figure svg{max-width:100%;height:auto;display:block}
table.matrix{border-collapse:collapse;font-size:13px;line-height:1.3}
.matrix th,.matrix td{border:1px solid var(--line);padding:4px 6px;text-align:left;vertical-align:top}
.matrix td{white-space:nowrap;font-variant-numeric:tabular-nums}
.matrix thead th{background:var(--head);vertical-align:bottom;font-size:12px}
.matrix th.group{background:var(--head);color:var(--muted);font-size:12px;padding:3px 7px}
.matrix th[scope=row]{font-weight:600;min-width:130px;max-width:230px}.matrix th small{font-weight:400}
.matrix thead th{min-width:62px}
.matrix tr>:first-child{position:sticky;left:0;background:var(--page);z-index:1}
.matrix thead tr>:first-child,.matrix th.group{background:var(--head)}
.cell{border-left:3px solid transparent}
.pass{background:var(--pass)}.fail{background:var(--fail)}.inconclusive{background:var(--open)}
td.pass,span.pass{box-shadow:inset 3px 0 var(--edge-pass)}td.fail,span.fail{box-shadow:inset 3px 0 var(--edge-fail)}
td.inconclusive,span.inconclusive{box-shadow:inset 3px 0 var(--edge-open)}
.report{box-shadow:none!important;
background-image:repeating-linear-gradient(135deg,transparent 0 6px,rgba(128,128,128,.22) 6px 8px)}
.none,.floored td{color:var(--muted)}.floored td{background:none;box-shadow:none;outline:none}
.legend span{display:inline-block;padding:2px 8px;margin:0 8px 4px 0;color:var(--ink)}
code{font-size:11px}details{margin:12px 0}summary{cursor:pointer}
""".strip().replace("\n", "")
