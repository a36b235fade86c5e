//! What a person reads instead of a page: that there is none, or why it can't be shown.

use maud::html;
use tallyd_http::status::Status;

use super::chart::capital;
use super::frame::{Frame, Here, Life, document};
use super::number::plain;

/// The page of an error. `reason` may hold what a client has sent.
#[must_use]
pub fn page(frame: &Frame<'_>, status: Status, reason: Option<&str>) -> String {
    let title = format!("{} {}", status.code(), status.reason());
    let main = html! {
        div.heading {
            div.title {
                h1 { (title) }
            }
        }
        div.panel.nowhere {
            @match reason {
                Some(reason) => p { bdi { (capital(&plain(reason.as_bytes()))) } "." },
                None => p { "There is no such page." },
            }
            p { a href="/" { "Go to the overview" } }
        }
    };
    document(frame, Here::Elsewhere, Life::Still, &title, &main)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::wanted::Wanted;

    #[test]
    fn a_reason_is_text_and_leads_on() {
        let frame = Frame {
            wanted: &Wanted::default(),
            sites: &[],
            trouble: None,
            now: 0,
            version: "1",
        };
        let reason = "sort is one of these, not \"<script>alert(1)</script>\"";
        let html = page(&frame, Status::BAD_REQUEST, Some(reason));
        assert!(html.contains("<h1>400 Bad Request</h1>"), "{html}");
        assert!(
            html.contains("Sort is one of these, not &quot;&lt;script&gt;"),
            "{html}"
        );
        assert!(html.contains("href=\"/\""));
        super::super::hostile::check(&html);
        let html = page(&frame, Status::NOT_FOUND, None);
        assert!(html.contains("There is no such page."), "{html}");
    }
}
