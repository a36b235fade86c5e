//! The small built-in pages: for errors, redirects, and the names of pages that replace them.

use tallyd_http::status::Status;

/// Media type of the built-in pages.
pub const TYPE: &str = "text/html; charset=utf-8";

/// The page that says `status`.
#[must_use]
pub fn page(status: Status) -> Vec<u8> {
    let (code, reason, advice) = (status.code(), status.reason(), advice(status));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{code} {reason}</title>\n\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}}</style>\n\
         <h1>{code} {reason}</h1>\n<p>{advice}</p>\n</html>\n"
    )
    .into_bytes()
}

/// What the reader of the page can do. Nothing of the server's inside is told.
fn advice(status: Status) -> &'static str {
    match status.code() {
        300..=399 => "The page has moved.",
        400 => "The server could not understand this request.",
        403 => "You may not read this file.",
        404 => "There is no such page here. Perhaps the address is misspelt.",
        405 => "This can only be read.",
        408 => "The request took too long to arrive.",
        412 => "The file has changed since you last saw it.",
        413 | 414 | 431 => "The request was too large.",
        416 => "The file has no such part.",
        500 => "Something went wrong on the server. The operator's log says what.",
        501 => "The server does not do this.",
        503 => "The server cannot answer just now. Please try again in a moment.",
        _ => "The server did not answer this request.",
    }
}

/// The name of the file in the error page directory that replaces the page for `status`.
#[must_use]
pub fn file_name(status: Status) -> String {
    format!("{}.html", status.code())
}
