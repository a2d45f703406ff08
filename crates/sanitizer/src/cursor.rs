//! A walk through a JSON text: strict as RFC 8259 has it, without a copy, an allocation or a look at what is skipped.
//!
//! A parser of values stumbles where a string is no Unicode or a number is beyond the floats, though the next record
//! can be read; one that skips does not. So the walk tells where values begin and end and of what kind they are, as a
//! [`Json`] that is borrowed. What it takes for JSON is what `serde_json` takes for it (a test compares them).

use crate::json::{Json, Text};

/// Digits that fit an integer whatever they are.
const DIGITS_MAX: usize = 18;

/// The offset at which a text turns out to be no JSON; its length where it is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) usize);

/// A position in a JSON text.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Brackets that are open around the value that is being skipped.
    open: Vec<u8>,
}

#[expect(
    clippy::inline_always,
    reason = "values are told in registers: by way of memory each took a tenth longer, by the benchmark of pages"
)]
impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new() }
    }

    /// The next byte that is no blank; the cursor stands on it.
    pub(crate) fn peek(&mut self) -> Result<u8, Broken> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\t' | b'\r') => self.at += 1,
                Some(byte) => return Ok(byte),
                None => return Err(self.broken()),
            }
        }
    }

    /// Steps into the object or array whose bracket was peeked.
    pub(crate) const fn enter(&mut self) {
        self.at += 1;
    }

    /// Whether the object or array goes on; steps over the comma between, or over its end.
    pub(crate) fn goes_on(&mut self, end: u8, is_first: bool) -> Result<bool, Broken> {
        let byte = self.peek()?;
        if byte == end {
            self.at += 1;
            return Ok(false);
        }
        if !is_first {
            self.expect(b',')?;
            // A value must follow: what stands here instead of one is refused where it is read.
            self.peek()?;
        }
        Ok(true)
    }

    /// Steps over the key, its quotes and the colon, if it is this one, written as it is.
    #[inline]
    pub(crate) fn takes_key(&mut self, key: &str) -> bool {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let Some((b'"', rest)) = rest.split_first() else { return false };
        let Some((name, rest)) = rest.split_at_checked(key.len()) else { return false };
        let is_it = rest.starts_with(b"\":") && is_same(name, key.as_bytes());
        if is_it {
            self.at += key.len() + 3;
        }
        is_it
    }

    /// The next key of an object.
    pub(crate) fn key(&mut self) -> Result<Text<'a>, Broken> {
        self.peek()?;
        let key = self.string()?;
        self.peek()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// The next value.
    #[inline(always)]
    pub(crate) fn value(&mut self) -> Result<Json<'a>, Broken> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'{' => self.nested(first).map(|()| Json::Object(self.since(start))),
            b'[' => self.nested(first).map(|()| Json::Array(self.since(start))),
            _ => self.scalar(first),
        }
    }

    /// Refuses what follows but blanks.
    pub(crate) fn end(&mut self) -> Result<(), Broken> {
        if self.peek().is_ok() { Err(self.broken()) } else { Ok(()) }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn broken(&self) -> Broken {
        Broken(self.at)
    }

    /// What was passed since an offset. Both ends are beside ASCII, so that they cut no character.
    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        if self.byte() != Some(byte) {
            return Err(self.broken());
        }
        self.at += 1;
        Ok(())
    }

    fn nested(&mut self, bracket: u8) -> Result<(), Broken> {
        self.at += 1;
        self.open.clear();
        let (mut bracket, mut is_first) = (bracket, true);
        loop {
            // In ASCII a closing bracket stands two after the one that opens.
            if self.goes_on(bracket + 2, is_first)? {
                if bracket == b'{' {
                    self.key()?;
                }
                let first = self.peek()?;
                is_first = matches!(first, b'{' | b'[');
                if is_first {
                    self.open.push(bracket);
                    bracket = first;
                    self.at += 1;
                } else {
                    self.scalar(first)?;
                }
            } else {
                let Some(outer) = self.open.pop() else { return Ok(()) };
                (bracket, is_first) = (outer, false);
            }
        }
    }

    #[inline(always)]
    fn scalar(&mut self, first: u8) -> Result<Json<'a>, Broken> {
        match first {
            b'"' => self.string().map(Json::Text),
            b'n' => self.literal(b"null").map(|()| Json::Null),
            b't' => self.literal(b"true").map(|()| Json::Boolean(true)),
            b'f' => self.literal(b"false").map(|()| Json::Boolean(false)),
            _ => self.number(),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Broken> {
        word.iter().try_for_each(|byte| self.expect(*byte))
    }

    #[inline(always)]
    fn number(&mut self) -> Result<Json<'a>, Broken> {
        let start = self.at;
        let mut integer = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.byte() {
            integer = integer.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = self.at - start;
        let is_whole = !matches!(self.byte(), Some(b'.' | b'e' | b'E'));
        let is_plain = digits == 1 || self.text.as_bytes().get(start) != Some(&b'0');
        if (1..=DIGITS_MAX).contains(&digits) && is_whole && is_plain {
            return Ok(Json::Integer(integer));
        }
        self.at = start;
        self.any_number()?;
        Ok(Json::Number(self.since(start)))
    }

    fn any_number(&mut self) -> Result<(), Broken> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Broken> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.broken()) } else { Ok(()) }
    }

    #[inline(always)]
    fn string(&mut self) -> Result<Text<'a>, Broken> {
        self.expect(b'"')?;
        let start = self.at;
        let mut has_escapes = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            self.at += plain(rest);
            match self.byte() {
                Some(b'"') => {
                    let text = Text::new(self.since(start), has_escapes);
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    has_escapes = true;
                    self.escape()?;
                }
                _ => return Err(self.broken()),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Broken> {
        self.at += 1;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.byte().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.broken());
                    }
                    self.at += 1;
                }
            }
            _ => return Err(self.broken()),
        }
        Ok(())
    }
}

/// Whether texts of one length are the same: by their first and last words, which are all of a key of at most 16 bytes.
#[inline]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    let ends = |a: &[u8], b: &[u8]| {
        Some((a.first_chunk::<8>()? == b.first_chunk()?, a.last_chunk::<8>()? == b.last_chunk()?))
    };
    match ends(a, b) {
        Some((first, last)) => first && last && (a.len() <= 16 || a == b),
        None => a.iter().eq(b),
    }
}

/// How many bytes from the start are neither a quote, a backslash nor a control character. Eight at a time: a byte of
/// a word that is below a limit borrows its highest bit, and the lowest such bit is the first such byte.
fn plain(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let below = |word: u64, limit: u8| word.wrapping_sub(EACH * u64::from(limit)) & !word;
    let (words, rest) = bytes.as_chunks::<8>();
    for (position, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let (quotes, backslashes) = (word ^ (EACH * u64::from(b'"')), word ^ (EACH * u64::from(b'\\')));
        let found = (below(word, b' ') | below(quotes, 1) | below(backslashes, 1)) & (EACH << 7);
        if found != 0 {
            return position * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let in_rest = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..b' ')).count();
    words.len() * 8 + in_rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    /// The value that the text is, blanks around it left out.
    fn only_value(text: &str) -> Option<&str> {
        let mut cursor = Cursor::new(text);
        cursor.peek().ok()?;
        let start = cursor.at;
        cursor.value().ok()?;
        let value = cursor.since(start);
        cursor.end().is_ok().then_some(value)
    }

    fn check(text: &str) {
        let theirs = serde_json::from_str::<&RawValue>(text).ok();
        assert_eq!(only_value(text), theirs.map(RawValue::get), "{text:?}");
    }

    #[test]
    fn takes_for_json_what_serde_json_takes_for_it() {
        let strings = [
            "\"\"",
            "\"é\\u00e9\\n\\/\"",
            "\"\\ud800\"",
            "\"\\u12g4\"",
            "\"\\x\"",
            "\"\u{1f}\"",
            "\"\u{7f}\"",
            "\"",
        ];
        let numbers =
            ["0", "-0", "01", "-", "1.", ".5", "1.50e+3", "1E400", "1e", "+1", "--1", "9".repeat(40).leak()];
        let words = [
            "null",
            "nul",
            "true",
            "falsey",
            "",
            " ",
            "\u{feff}1",
            "1 2",
            "{}",
            "[]",
            "[1,]",
            "{,}",
            "{\"a\":1,}",
        ];
        let nested = [
            " [ 1 , {\"a\" : [ ] } ] ",
            "[}",
            "{\"a\"}",
            "{\"a\":}",
            "{1:2}",
            "[[[[{\"a\":[{}]}]]]]",
            "[1 2]",
        ];
        for text in strings.into_iter().chain(numbers).chain(words).chain(nested) {
            check(text);
        }
        // A string may end, or be escaped, at any place of the words by which it is passed.
        for length in 0..40 {
            let plain = "é".repeat(length / 2) + &"x".repeat(length);
            for end in ["\"", "\\\"\"", "\\", "\u{1}\"", ""] {
                check(&format!("\"{plain}{end}"));
            }
        }
    }

    #[test]
    fn tells_where_a_text_breaks_and_that_it_is_cut_off() {
        let breaks = |text: &str| Cursor::new(text).value().err();
        assert_eq!(breaks("{\"a\": x}"), Some(Broken(6)));
        for cut in ["", "{", "{\"a", "{\"a\"", "{\"a\":", "[1", "[1,", "tru", "\"\\u00", "-"] {
            assert_eq!(breaks(cut), Some(Broken(cut.len())), "{cut:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_serde_json_on_any_mixture_of_its_signs(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\u0041", "1", "-", "0", ".5", "e1", "null", " ", "é",
                    "{\"a\":", "[1,",
                ]),
                0..12,
            ),
        ) {
            check(&parts.concat());
        }
    }
}
