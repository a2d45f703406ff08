//! The little Markdown of `sql/DECISIONS.md`: paragraphs, code, emphasis, links, tables of words.

use std::fmt::Write as _;

/// A link, emphasis or code, or text between them.
enum Part<'a> {
    Text(&'a str),
    Code(&'a str),
    Emphasis(&'a str),
    Link(&'a str, &'a str),
}

/// The text without marks: links as their words.
pub(super) fn plain(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut plain = String::new();
    for part in parts(&joined) {
        match part {
            Part::Text(words) | Part::Code(words) | Part::Emphasis(words) | Part::Link(words, _) => {
                plain.push_str(words);
            }
        }
    }
    plain
}

/// The text as HTML paragraphs. Links that are not of the web stay words.
pub(super) fn html(text: &str) -> String {
    let mut html = String::new();
    for paragraph in text.split("\n\n") {
        let joined = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        html.push_str("<p>");
        for part in parts(&joined) {
            let _ = match part {
                Part::Code(words) => write!(html, "<code>{}</code>", escaped(words)),
                Part::Emphasis(words) => write!(html, "<em>{}</em>", escaped(words)),
                Part::Link(words, to) if to.starts_with("https://") => {
                    write!(html, "<a href=\"{}\">{}</a>", escaped(to), escaped(words))
                }
                Part::Text(words) | Part::Link(words, _) => write!(html, "{}", escaped(words)),
            };
        }
        html.push_str("</p>\n");
    }
    html
}

/// Text for HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, marked) = rest.split_at(at);
        let Some((part, after)) = marked_part(marked) else {
            let (one, others) = rest.split_at(at + 1);
            parts.push(Part::Text(one));
            rest = others;
            continue;
        };
        parts.push(Part::Text(before));
        parts.push(part);
        rest = after;
    }
    parts.push(Part::Text(rest));
    parts
}

/// The part that begins with a mark, and what follows it; None where the mark is only a character.
fn marked_part(text: &str) -> Option<(Part<'_>, &str)> {
    if let Some(inner) = text.strip_prefix('`') {
        let (code, after) = inner.split_once('`')?;
        return Some((Part::Code(code), after));
    }
    if let Some(inner) = text.strip_prefix('*') {
        let (words, after) = inner.split_once('*')?;
        let is_emphasis = !words.is_empty() && !words.starts_with(' ') && !words.ends_with(' ');
        return is_emphasis.then_some((Part::Emphasis(words), after));
    }
    let (words, after) = text.strip_prefix('[')?.split_once("](")?;
    let (to, after) = after.split_once(')')?;
    (!words.contains('[')).then_some((Part::Link(words, to), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_html_and_markup_in_words_stays_words() {
        let text = "A `x < y` is *never* [wrong](https://a.example/?b=1&c=2),\nas [here](DECISIONS.md#x) 2 * 3 [n, m).";
        assert_eq!(
            html(text),
            "<p>A <code>x &lt; y</code> is <em>never</em> <a href=\"https://a.example/?b=1&amp;c=2\">wrong</a>, as here 2 * 3 [n, m).</p>\n"
        );
        assert_eq!(plain(text), "A x < y is never wrong, as here 2 * 3 [n, m).");
    }
}
