//! The counting rules as a page: docs/counting.md, in the frame of the site.
//!
//! Promises: all of the text is there, and none of it is markup of its own; every rule has an anchor, so that each
//! number can link to what it means. Rendered once. Must not know: any number that was counted.

use std::fmt::Write as _;
use std::sync::OnceLock;

use maud::{Escaper, Markup, PreEscaped, html};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use tallyd_ledger::report::RULES;

use super::frame::{Frame, Here, Life, document};

/// The rules as they are published.
const SOURCE: &str = include_str!("../../../../../docs/counting.md");

/// Rules that are a sentence and no row of a table: how the paragraph begins, and its anchor.
const SENTENCES: [(&str, &str); 5] = [
    ("At every moment", "in-flight"),
    ("A hit belongs to the hour", "day"),
    ("The window is", "window"),
    ("Clients behind a proxy", "proxy"),
    ("Exactness is claimed", "exactness"),
];

/// The first column of the tables whose rows are rules.
const OF_RULES: &str = "number";

/// The page.
#[must_use]
pub fn page(frame: &Frame<'_>) -> String {
    let title = format!("The rules of counting, version {RULES}");
    document(frame, Here::Rules, Life::Still, &title, content())
}

/// Whether a link to this rule leads anywhere.
#[cfg(test)]
pub(super) fn has(anchor: &str) -> bool {
    content().0.contains(&format!(" id=\"{anchor}\""))
}

/// The page's content, made when it is asked for the first time.
fn content() -> &'static Markup {
    static CONTENT: OnceLock<Markup> = OnceLock::new();
    CONTENT.get_or_init(|| Document::of(SOURCE).markup())
}

/// A document while it is turned into a page.
#[derive(Default)]
struct Document {
    out: String,
    /// What stands before the first section.
    intro: String,
    /// The sections, by anchor and title.
    sections: Vec<(String, String)>,
    /// Whether the rows of this table are rules.
    of_rules: bool,
    /// Whether this row is the head of its table.
    in_head: bool,
    /// Whether the next cell is the first of its row.
    begins_row: bool,
    /// The element that the current cell is.
    cell: &'static str,
    /// The rule whose term comes next: it becomes a link to itself, to be copied.
    term: Option<String>,
    /// Whether that link is open.
    in_term: bool,
}

impl Document {
    fn of(source: &str) -> Document {
        let mut document = Document::default();
        let events: Vec<Event<'_>> = Parser::new_ext(source, Options::ENABLE_TABLES).collect();
        for (place, event) in events.iter().enumerate() {
            document.write(event, events.get(place + 1..).unwrap_or_default());
        }
        document
    }

    fn markup(self) -> Markup {
        html! {
            div.rules { (PreEscaped(self.intro)) }
            nav.contents aria-label="On this page" {
                ul {
                    @for (anchor, title) in &self.sections { li { a href={ "#" (anchor) } { (title) } } }
                }
            }
            div.rules { (PreEscaped(self.out)) }
        }
    }

    /// Writes one event; `after` are those behind it.
    fn write(&mut self, event: &Event<'_>, after: &[Event<'_>]) {
        match event {
            Event::Start(tag) => self.open(tag, after),
            Event::End(tag) => self.close(*tag),
            // What looks like markup in the document is text.
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(text),
            Event::Code(text) => {
                self.out.push_str("<code>");
                self.text(text);
                self.out.push_str("</code>");
            }
            Event::HardBreak => self.out.push_str("<br>"),
            _ => self.out.push('\n'),
        }
    }

    fn open(&mut self, tag: &Tag<'_>, after: &[Event<'_>]) {
        match tag {
            Tag::Heading { level, .. } => self.heading(*level, after),
            Tag::Paragraph => self.element("p", sentence(after)),
            Tag::List(_) => self.out.push_str("<ul>\n"),
            Tag::Item => self.item(after),
            Tag::Table(_) => self
                .out
                .push_str("<div class=\"panel\"><table class=\"data\">"),
            Tag::TableHead => {
                self.of_rules = first_cell(after) == OF_RULES;
                (self.in_head, self.begins_row) = (true, true);
                self.out.push_str("<thead><tr>");
            }
            Tag::TableRow => {
                self.term = self.of_rules.then(|| slug(&first_cell(after)));
                self.begins_row = true;
                let anchor = self.term.clone();
                self.element("tr", anchor.as_deref());
            }
            Tag::TableCell => self.open_cell(),
            Tag::Emphasis => self.out.push_str("<em>"),
            Tag::Strong => {
                self.out.push_str("<strong>");
                self.open_term();
            }
            // Links lead to other documents, which are not here: their words stay.
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.end(&level.to_string()),
            TagEnd::Paragraph => self.end("p"),
            TagEnd::List(_) => self.end("ul"),
            TagEnd::Item => self.end("li"),
            TagEnd::Table => self.out.push_str("</tbody></table></div>\n"),
            TagEnd::TableHead => {
                self.in_head = false;
                self.out.push_str("</tr></thead>\n<tbody>\n");
            }
            TagEnd::TableRow => self.end("tr"),
            TagEnd::TableCell => {
                self.close_term();
                self.end(self.cell);
            }
            TagEnd::Emphasis => self.out.push_str("</em>"),
            TagEnd::Strong => {
                self.close_term();
                self.out.push_str("</strong>");
            }
            _ => {}
        }
    }

    fn heading(&mut self, level: HeadingLevel, after: &[Event<'_>]) {
        let title = text_until(after, |end| matches!(end, TagEnd::Heading(_)));
        let anchor = slug(&title);
        if level == HeadingLevel::H2 {
            if self.sections.is_empty() {
                self.intro = std::mem::take(&mut self.out);
            }
            self.sections.push((anchor.clone(), title));
        }
        self.element(&level.to_string(), Some(&anchor));
    }

    /// An item that begins with bold words is the rule of these.
    fn item(&mut self, after: &[Event<'_>]) {
        if let [Event::Start(Tag::Strong), inner @ ..] = after {
            self.term = Some(slug(&text_until(inner, |end| end == TagEnd::Strong)));
        }
        let anchor = self.term.clone();
        self.element("li", anchor.as_deref().or(sentence(after)));
    }

    fn open_cell(&mut self) {
        let is_first = std::mem::take(&mut self.begins_row);
        let (element, start) = match (self.in_head, is_first) {
            (true, _) => ("th", "<th scope=\"col\">"),
            (false, true) => ("th", "<th scope=\"row\">"),
            (false, false) => ("td", "<td>"),
        };
        self.cell = element;
        self.out.push_str(start);
        if is_first {
            self.open_term();
        }
    }

    fn open_term(&mut self) {
        if let Some(anchor) = self.term.take() {
            self.in_term = true;
            self.out.push_str("<a href=\"#");
            self.text(&anchor);
            self.out.push_str("\">");
        }
    }

    fn close_term(&mut self) {
        if std::mem::take(&mut self.in_term) {
            self.out.push_str("</a>");
        }
    }

    fn element(&mut self, name: &str, anchor: Option<&str>) {
        self.out.push('<');
        self.out.push_str(name);
        if let Some(anchor) = anchor {
            self.out.push_str(" id=\"");
            self.text(anchor);
            self.out.push('"');
        }
        self.out.push('>');
    }

    fn end(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }

    fn text(&mut self, text: &str) {
        // Writing to a String can't fail.
        Escaper::new(&mut self.out).write_str(text).ok();
    }
}

/// The words up to an end.
fn text_until(events: &[Event<'_>], is_end: impl Fn(TagEnd) -> bool) -> String {
    let inner = events
        .iter()
        .take_while(|event| !matches!(event, Event::End(end) if is_end(*end)));
    let words = inner.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(&**text),
        Event::SoftBreak => Some(" "),
        _ => None,
    });
    words.collect()
}

fn first_cell(events: &[Event<'_>]) -> String {
    text_until(events, |end| end == TagEnd::TableCell)
}

/// The anchor of a paragraph that is a rule.
fn sentence(events: &[Event<'_>]) -> Option<&'static str> {
    let [Event::Text(text), ..] = events else {
        return None;
    };
    let found = SENTENCES.iter().find(|(start, _)| text.starts_with(start));
    found.map(|(_, anchor)| *anchor)
}

/// `Not found` as an anchor: `not-found`.
fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests;
