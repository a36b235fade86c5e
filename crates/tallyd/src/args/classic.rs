//! The flags of older small servers, `-document_root DIR -port N`, as what they are called here.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

const CLASSIC: &[(&str, &str)] = &[("-document_root", "--root"), ("-port", "--port")];

/// The arguments with the classic flags replaced. Only whole flags are: `-port` would otherwise read as `-p ort`,
/// which no port is.
pub(super) fn modern(argv: impl IntoIterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    let mut is_flag = true;
    argv.into_iter().map(move |argument| {
        is_flag = is_flag && argument != "--";
        if is_flag {
            replaced(argument)
        } else {
            argument
        }
    })
}

fn replaced(argument: OsString) -> OsString {
    for (classic, modern) in CLASSIC {
        let rest = argument.as_bytes().strip_prefix(classic.as_bytes());
        match rest {
            Some(rest) if rest.is_empty() || rest.starts_with(b"=") => {
                let mut replaced = OsString::from(modern);
                replaced.push(OsStr::from_bytes(rest));
                return replaced;
            }
            _ => {}
        }
    }
    argument
}
