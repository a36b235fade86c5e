//! What is asked and what is answered.

use crate::answer::To;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The target, as it goes on the wire.
    pub target: String,
    /// Header fields beside Host and Content-Length.
    pub fields: Vec<(String, String)>,
    /// What is sent along.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without fields and body.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Request {
        Request {
            method: method.to_owned(),
            target: target.to_owned(),
            fields: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(target: &str) -> Request {
        Request::new("GET", target)
    }

    /// With one more field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Request {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Request {
        self.body = body.to_vec();
        self
    }

    /// The bytes on the wire. Host is `host` unless a field says otherwise.
    #[must_use]
    pub fn bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if !self.has("host") {
            line(&mut head, "Host", host);
        }
        for (name, value) in &self.fields {
            line(&mut head, name, value);
        }
        if !self.body.is_empty() && !self.has("content-length") {
            line(&mut head, "Content-Length", &self.body.len().to_string());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn has(&self, name: &str) -> bool {
        self.fields
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    }

    /// Whether its response may have a body.
    #[must_use]
    pub fn to(&self) -> To {
        match self.method.as_str() {
            "HEAD" => To::Head,
            _ => To::Other,
        }
    }

    /// Whether the same once more does no harm (RFC 9110 9.2.2).
    pub(crate) fn is_idempotent(&self) -> bool {
        ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"].contains(&self.method.as_str())
    }
}

fn line(head: &mut String, name: &str, value: &str) {
    for part in [name, ": ", value, "\r\n"] {
        head.push_str(part);
    }
}

/// One response, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields, in their order.
    pub fields: Vec<(String, String)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
    /// The server keeps the connection for the next request.
    pub keeps: bool,
}

impl Response {
    /// The first value of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self
            .fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a field with a list of words has this one.
    #[must_use]
    pub fn lists(&self, name: &str, word: &str) -> bool {
        let named = |(key, value): &(String, String)| {
            key.eq_ignore_ascii_case(name)
                && value
                    .split(',')
                    .any(|part| part.trim().eq_ignore_ascii_case(word))
        };
        self.fields.iter().any(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_one_host_and_the_length_of_its_body() {
        let request = Request::new("POST", "/a").field("X", "1").body(b"hello");
        let expected = "POST /a HTTP/1.1\r\nHost: h\r\nX: 1\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(request.bytes("h"), expected.as_bytes());
        let other = Request::get("/").field("host", "other");
        assert_eq!(
            other.bytes("h"),
            b"GET / HTTP/1.1\r\nhost: other\r\n\r\n".as_slice()
        );
    }

    #[test]
    fn a_word_is_found_in_a_list_of_any_case() {
        let mut response = Response::default();
        response
            .fields
            .push(("Connection".into(), "Upgrade, CLOSE".into()));
        assert!(response.lists("connection", "close"));
        assert!(!response.lists("connection", "clos"));
    }
}
