//! The terminal that text is fitted to: its width, and whether it shows colours.

use std::io::{self, IsTerminal};

use crate::env;

/// Width of text that does not go to a terminal, in characters.
const WIDTH: usize = 80;

/// What text is fitted to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    /// Characters in a line.
    pub(crate) width: usize,
    /// Whether colours are shown.
    pub(crate) has_color: bool,
}

/// How a part of a text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As it is.
    Plain,
    /// What matters.
    Strong,
    /// What counts.
    Good,
    /// What stands out.
    Warn,
    /// What is broken.
    Bad,
    /// What may be passed over.
    Dim,
}

impl Screen {
    /// That of standard output: its width on a terminal, else 80; colours on a terminal that wants them
    /// (<https://no-color.org>).
    pub(crate) fn of_stdout() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = comfy_table::Table::new().width().filter(|_| is_terminal).map(usize::from);
        Self { width: width.unwrap_or(WIDTH), has_color: is_terminal && !env::wants_no_color() }
    }

    /// The text in a colour, where colours are shown.
    pub(crate) fn paint(self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Strong => "1",
            Paint::Good => "32",
            Paint::Warn => "33",
            Paint::Bad => "31",
            Paint::Dim => "2",
            Paint::Plain => return text.to_owned(),
        };
        if self.has_color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The words of a text in lines that fit, all but the first with an indent, which the first has at most.
    pub(crate) fn wrapped(self, text: &str, indent: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = if text.starts_with(' ') { String::new() } else { " ".repeat(indent.min(2)) };
        for word in text.split(' ') {
            let is_full = line.chars().count() + word.chars().count() > self.width;
            if is_full && !line.trim().is_empty() {
                lines.push(line.trim_end().to_owned());
                line = " ".repeat(indent);
            }
            line.push_str(word);
            line.push(' ');
        }
        lines.push(line.trim_end().to_owned());
        lines
    }
}
