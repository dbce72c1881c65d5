"""From sources to statements: tests, intervals, margins, stability and what a design can detect."""
