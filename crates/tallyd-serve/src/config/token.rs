//! The admin token: a secret, and what makes a good one.

use std::fmt;
use std::hint::black_box;

/// A token that is shorter could be guessed.
pub const SHORTEST: usize = 16;

/// What whoever asks has to know. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token(..)")
    }
}

impl Token {
    /// The token that is written so, if it is one.
    pub fn new(text: &str) -> Result<Token, String> {
        if text.len() < SHORTEST {
            return Err(format!(
                "the token has {} characters, and one with fewer than {SHORTEST} could be guessed: make one with \
                 head -c 24 /dev/urandom | base64",
                text.len()
            ));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "a token has letters, digits and signs of ASCII only, and no space".to_owned(),
            );
        }
        Ok(Token(text.into()))
    }

    /// Takes as long for a wrong one as for the right one.
    #[must_use]
    pub fn is(&self, given: &[u8]) -> bool {
        let mut differs = u8::from(self.0.len() != given.len());
        for (own, given) in self.0.bytes().zip(given) {
            differs = black_box(differs | (own ^ given));
        }
        differs == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_could_be_guessed_or_not_be_sent_is_refused() {
        for bad in [
            "",
            "short",
            "fifteen-letters",
            "with a space in it",
            "\u{fc}mlaut-\u{fc}mlaut-\u{fc}mlaut",
        ] {
            assert!(Token::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn it_is_not_shown_and_only_the_same_is_it() {
        let token = Token::new("q8mB1xKk0vZrT3Yw").unwrap();
        assert_eq!(format!("{token:?}"), "Token(..)");
        assert!(token.is(b"q8mB1xKk0vZrT3Yw"));
        for other in [
            &b""[..],
            b"q8mB1xKk0vZrT3Y",
            b"q8mB1xKk0vZrT3Ywx",
            b"q8mB1xKk0vZrT3Yx",
        ] {
            assert!(!token.is(other));
        }
    }
}
