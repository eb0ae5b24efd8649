//! Reads canonical JSON (RFC 8785) of the kind that release.json is: strings without escapes, natural numbers, objects
//! with known fields.
//!
//! Such a value has exactly one spelling: fields in the order of their names, no space, no leading zero. So the reader
//! knows what comes next, and whatever else is there is refused; there is nothing to compare afterwards.

use alloc::vec::Vec;

use crate::digest::Digest;

/// What has not been read yet. Every method takes what it names from the front, or gives `None`.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads `json`, which its caller has found to be printable ASCII without backslashes.
    #[must_use]
    pub const fn new(json: &'a [u8]) -> Self {
        Self(json)
    }

    /// Exactly `text`.
    pub fn literal(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text.as_bytes())?;
        Some(())
    }

    /// `text` and then what `value` reads, or nothing if the next is not `text`. The outer `None` is a refusal.
    pub fn optional<T>(
        &mut self,
        text: &str,
        value: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.literal(text).is_some() {
            value(self).map(Some)
        } else {
            Some(None)
        }
    }

    /// The elements of an array that is not empty, up to its closing bracket; the opening one has been read.
    pub fn elements<T>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut all = Vec::new();
        loop {
            all.push(element(self)?);
            if self.literal("]").is_some() {
                return Some(all);
            }
            self.literal(",")?;
        }
    }

    /// A string.
    pub fn string(&mut self) -> Option<&'a str> {
        self.literal("\"")?;
        let length = self.0.iter().position(|byte| *byte == b'"')?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        self.literal("\"")?;
        str::from_utf8(text).ok()
    }

    /// A natural number.
    pub fn number(&mut self) -> Option<u64> {
        let length = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let (digits, rest) = self.0.split_at_checked(length)?;
        if digits.is_empty() || (length > 1 && digits.starts_with(b"0")) {
            return None;
        }
        self.0 = rest;
        digits.iter().try_fold(0_u64, |value, digit| {
            value
                .checked_mul(10)?
                .checked_add(u64::from(digit.wrapping_sub(b'0')))
        })
    }

    /// A string of 64 lower-case hexadecimal digits.
    pub fn digest(&mut self) -> Option<Digest> {
        Digest::parse(self.string()?)
    }

    /// The end.
    pub fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<u64> {
        let mut reader = Reader::new(text.as_bytes());
        let value = reader.number()?;
        reader.end().map(|()| value)
    }

    #[test]
    fn number_has_one_spelling() {
        assert_eq!(number("0"), Some(0));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for bad in [
            "",
            "00",
            "01",
            "-1",
            "+1",
            "1.0",
            "1e3",
            "18446744073709551616",
            "99999999999999999999999",
        ] {
            assert_eq!(number(bad), None, "{bad}");
        }
    }

    #[test]
    fn string_ends_at_the_next_quote() {
        let mut reader = Reader::new(br#""ab""cd"#);
        assert_eq!(reader.string(), Some("ab"));
        assert_eq!(reader.string(), None);
        assert_eq!(Reader::new(b"ab\"").string(), None);
    }

    #[test]
    fn elements_are_at_least_one_and_parted_by_commas() {
        let elements = |text: &str| Reader::new(text.as_bytes()).elements(Reader::number);
        assert_eq!(elements("1]"), Some(Vec::from([1])));
        assert_eq!(elements("1,2,3]"), Some(Vec::from([1, 2, 3])));
        for bad in ["", "]", "1", "1,]", "1 ,2]", "1 2]"] {
            assert_eq!(elements(bad), None, "{bad}");
        }
    }

    #[test]
    fn optional_tells_absent_from_refused() {
        let optional = |text: &str| Reader::new(text.as_bytes()).optional("n", Reader::number);
        assert_eq!(optional("n1"), Some(Some(1)));
        assert_eq!(optional("x"), Some(None));
        assert_eq!(optional("nx"), None);
    }

    #[test]
    fn digest_is_lower_case() {
        let mut text = [b'a'; 66];
        text[0] = b'"';
        text[65] = b'"';
        assert_eq!(Reader::new(&text).digest(), Some(Digest([0xaa; 32])));
        text[9] = b'A';
        assert_eq!(Reader::new(&text).digest(), None);
    }
}
