//! The bytes of a request, and what may stand in it.
//!
//! Promises: one request line and the fields that were meant; nothing of a name or a value begins another line, and
//! nothing says that a body follows.

use super::MakeError;

/// What every request says of itself.
#[derive(Debug)]
pub(crate) struct Manner {
    fields: Vec<(String, String)>,
}

impl Manner {
    /// `ours` and then the wished ones, which take the place of ours.
    pub(crate) fn of(wished: &[(String, String)], keep_alive: bool) -> Result<Manner, MakeError> {
        check_fields(wished)?;
        let agent = concat!("tallyd/", env!("CARGO_PKG_VERSION"));
        let mut ours = vec![("User-Agent", agent), ("Accept", "*/*")];
        if !keep_alive {
            ours.push(("Connection", "close"));
        }
        ours.retain(|(name, _)| !has(wished, name));
        let ours = ours.into_iter();
        let mut fields: Vec<(String, String)> = ours
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        fields.extend_from_slice(wished);
        Ok(Manner { fields })
    }

    /// `method` if there is one that asks so.
    pub(crate) fn checked_method<'a>(&self, method: &'a str) -> Result<&'a str, MakeError> {
        let is_method = !method.is_empty() && method.bytes().all(is_token);
        // What follows a CONNECT is no response of HTTP.
        match is_method && method != "CONNECT" {
            true => Ok(method),
            false => Err(MakeError::Method(method.to_owned())),
        }
    }

    /// All fields of a request to `authority`; `own` are those of this one alone.
    pub(crate) fn fields<'a>(
        &'a self,
        authority: &'a str,
        own: &'a [(String, String)],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let is_said = has(&self.fields, "Host") || has(own, "Host");
        let host = (!is_said).then_some(("Host", authority));
        let common = self.fields.iter().filter(|(name, _)| !has(own, name));
        let others = common.chain(own);
        let others = others.map(|(name, value)| (name.as_str(), value.as_str()));
        host.into_iter().chain(others)
    }

    /// The whole request. `fields` are those of this one alone.
    pub(crate) fn bytes(
        &self,
        method: &str,
        target: &str,
        authority: &str,
        fields: &[(String, String)],
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128 + target.len() + authority.len());
        for part in [method, " ", target, " HTTP/1.1\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
        for (name, value) in self.fields(authority, fields) {
            push_field(&mut bytes, name, value);
        }
        if matches!(method, "POST" | "PUT" | "PATCH") {
            // RFC 9110 8.6: nothing follows, and it says so.
            push_field(&mut bytes, "Content-Length", "0");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

/// Names are tokens, values have no control characters, and none of them frames a body: requests have none.
pub(crate) fn check_fields(fields: &[(String, String)]) -> Result<(), MakeError> {
    for (name, value) in fields {
        let refused = |what| Err(MakeError::Field(name.clone(), what));
        if name.is_empty() || !name.bytes().all(is_token) {
            return refused("is not the name of a field");
        }
        // RFC 9110 5.5: a tab is the only one that may stand there.
        if value
            .bytes()
            .any(|byte| byte.is_ascii_control() && byte != b'\t')
        {
            return refused("has a control character in its value");
        }
        let framing = ["Content-Length", "Transfer-Encoding"];
        if framing
            .iter()
            .any(|framing| framing.eq_ignore_ascii_case(name))
        {
            return refused("would announce a body, and requests of a load test have none");
        }
    }
    Ok(())
}

fn has(fields: &[(String, String)], name: &str) -> bool {
    let is_it = |(other, _): &(String, String)| other.eq_ignore_ascii_case(name);
    fields.iter().any(is_it)
}

fn push_field(bytes: &mut Vec<u8>, name: &str, value: &str) {
    for part in [name, ": ", value.trim_ascii(), "\r\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
}

/// RFC 9110 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
