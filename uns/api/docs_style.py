"""How does the description page look?"""

STYLE = """
:root { color-scheme: light dark; --line: #8884; --quiet: #8889; --accent: #2a7de1; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; text-transform: capitalize; }
code, pre, input, .verb { font: 13px/1.5 ui-monospace, monospace; }
pre { background: var(--line); border-radius: 6px; overflow-x: auto; padding: .6rem .8rem; white-space: pre-wrap; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 .8rem; }
summary { cursor: pointer; padding: .6rem 0; overflow-wrap: anywhere; }
.verb { color: #fff; background: var(--accent); border-radius: 4px; padding: .1rem .4rem; margin-right: .4rem; }
.verb.post { background: #2f855a; }
.says { opacity: .75; white-space: pre-line; } summary .says { margin-left: .6rem; }
table { border-collapse: collapse; width: 100%; } td, th { border-top: 1px solid var(--line); padding: .3rem .6rem
  .3rem 0; text-align: left; vertical-align: top; }
input { width: 100%; box-sizing: border-box; padding: .3rem; }
button { margin: .6rem 0; padding: .3rem 1rem; }
"""
