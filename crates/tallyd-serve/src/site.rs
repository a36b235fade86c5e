//! The Site: a served tree and its rules, built once from the Config, shared by Arc, never changed.
//!
//! Also which site a Host belongs to, and what its rules say of a path. Opens nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tallyd_http::media;
use tallyd_http::status::Status;
use tallyd_http::target::encode_path;
use tallyd_ledger::{Book, Books};

use crate::config::{Config, SiteConfig};

/// One served tree.
#[derive(Debug)]
pub struct Site {
    /// What the operator said of it.
    pub rules: SiteConfig,
    /// The counts of its files; they outlive the site when the configuration is reloaded.
    pub book: Arc<Book>,
}

/// All served trees.
#[derive(Debug)]
pub struct Sites {
    /// First the main one, then those with a name.
    all: Vec<Arc<Site>>,
    by_name: HashMap<Vec<u8>, usize>,
}

impl Sites {
    /// Builds the sites that `config` describes; files keep their counts from `books`.
    #[must_use]
    pub fn build(config: &Config, books: &Books) -> Sites {
        let site = |rules: &SiteConfig, book| {
            let mut rules = rules.clone();
            rules.root = absolute(rules.root);
            rules.error_pages = rules.error_pages.map(absolute);
            Arc::new(Site { rules, book })
        };
        let mut all = vec![site(&config.site, books.of(""))];
        let mut by_name = HashMap::new();
        for host in &config.hosts {
            by_name.insert(host.name.to_ascii_lowercase().into_bytes(), all.len());
            all.push(site(&host.site, books.of(&host.name)));
        }
        Sites { all, by_name }
    }

    /// Every site; the main one first.
    #[must_use]
    pub fn all(&self) -> &[Arc<Site>] {
        &self.all
    }

    /// The place in [`Sites::all`] of the site that answers for `host` (no port).
    #[must_use]
    pub fn place_of(&self, host: &[u8]) -> usize {
        if self.by_name.is_empty() {
            return 0;
        }
        // Names are compared without regard to case (RFC 9110 section 4.2.3).
        let name = if host.iter().any(u8::is_ascii_uppercase) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        };
        self.by_name.get(name.as_ref()).copied().unwrap_or(0)
    }
}

impl Site {
    /// The content type of `path`, or nothing if only listed types are served and it is not listed.
    #[must_use]
    pub fn content_type(&self, path: &[u8]) -> Option<String> {
        let extension = extension(path);
        let listed = self
            .rules
            .types
            .iter()
            .find(|(known, _)| known.as_bytes() == extension);
        match listed {
            Some((_, content_type)) => Some(content_type.clone()),
            None if self.rules.types_only_listed => None,
            None => Some(media::of_path(path).to_owned()),
        }
    }

    /// The tree of pages that replace the built-in ones: plain files, without counts that anyone sees.
    #[must_use]
    pub fn pages(&self) -> Option<Site> {
        let mut rules = self.rules.clone();
        rules.root = rules.error_pages.take()?;
        rules.precompressed.clear();
        rules.types_only_listed = false;
        rules.cache_control.clear();
        rules.headers.clear();
        rules.public_counts = false;
        Some(Site {
            rules,
            book: Books::default().of(""),
        })
    }

    /// Where `path` has moved to, if the rules say so.
    #[must_use]
    pub fn redirect(&self, path: &[u8]) -> Option<(Status, Vec<u8>)> {
        self.rules.redirects.iter().find_map(|rule| {
            let rest = match rule.from.strip_suffix('*') {
                Some(prefix) => path.strip_prefix(prefix.as_bytes())?,
                None if rule.from.as_bytes() == path => b"",
                None => return None,
            };
            Some((rule.status, fill(&rule.to, rest)))
        })
    }

    /// The headers added to every reply for `path`.
    pub fn headers<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let matching = self
            .rules
            .headers
            .iter()
            .filter(move |rule| matches(&rule.glob, path));
        matching.map(|rule| (rule.name.as_str(), rule.value.as_str()))
    }

    /// The same as field lines, for replies that are no file; files have theirs ready.
    #[must_use]
    pub fn header_lines(&self, path: &[u8]) -> Vec<u8> {
        self.headers(path)
            .flat_map(|(name, value)| format!("{name}: {value}\r\n").into_bytes())
            .collect()
    }

    /// The Cache-Control of the file at `path`.
    #[must_use]
    pub fn cache_control(&self, path: &[u8]) -> Option<&str> {
        let mut rules = self.rules.cache_control.iter();
        rules
            .find(|(glob, _)| matches(glob, path))
            .map(|(_, value)| value.as_str())
    }
}

/// Whether `glob` means `path`. Without a slash it means the name alone (`*.css`), with one the whole
/// path (`/assets/**`).
#[must_use]
pub fn matches(glob: &str, path: &[u8]) -> bool {
    if glob.contains('/') {
        return fast_glob::glob_match(glob.as_bytes(), path);
    }
    fast_glob::glob_match(glob.as_bytes(), name(path))
}

fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

fn extension(path: &[u8]) -> Vec<u8> {
    let mut parts = name(path).rsplitn(2, |&byte| byte == b'.');
    let last = parts.next().unwrap_or_default();
    if parts.next().is_none() {
        return Vec::new();
    }
    last.to_ascii_lowercase()
}

/// A rule's target, its `*` replaced by what the rule's prefix left over.
fn fill(to: &str, rest: &[u8]) -> Vec<u8> {
    let Some((before, after)) = to.split_once('*') else {
        return to.as_bytes().to_vec();
    };
    let mut filled = before.as_bytes().to_vec();
    let mut encoded = Vec::new();
    encode_path(rest, &mut encoded);
    // A rest that begins with a slash would turn "/*" into "//host": another server (open redirect).
    let clean = encoded.trim_ascii_start();
    let skip = if filled.ends_with(b"/") {
        clean.iter().take_while(|&&byte| byte == b'/').count()
    } else {
        0
    };
    filled.extend_from_slice(clean.get(skip..).unwrap_or_default());
    filled.extend_from_slice(after.as_bytes());
    filled
}

/// A path that stays right when the working directory goes away.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HeaderRule, Redirect};

    fn site(change: impl FnOnce(&mut SiteConfig)) -> Site {
        let mut rules = Config::default().site;
        change(&mut rules);
        Site {
            rules,
            book: Books::default().of(""),
        }
    }

    #[test]
    fn a_glob_without_a_slash_means_the_name() {
        for (glob, path, expected) in [
            ("*.css", "/deep/er/a.css", true),
            ("*.css", "/a.css/b", false),
            ("/assets/**", "/assets/a/b.js", true),
            ("/assets/**", "/other/a.js", false),
            ("/assets/*", "/assets/a/b.js", false),
            ("*.{jpg,png}", "/x.png", true),
            ("**", "/any/thing", true),
        ] {
            assert_eq!(matches(glob, path.as_bytes()), expected, "{glob} {path}");
        }
    }

    #[test]
    fn listed_types_come_first_and_may_be_the_only_ones() {
        let listed = vec![("md".to_owned(), "text/plain".to_owned())];
        let open = site(|rules| rules.types = listed.clone());
        assert_eq!(open.content_type(b"/a.MD").as_deref(), Some("text/plain"));
        assert_eq!(open.content_type(b"/a.png").as_deref(), Some("image/png"));
        let closed = site(|rules| {
            rules.types = listed;
            rules.types_only_listed = true;
        });
        assert_eq!(closed.content_type(b"/a.md").as_deref(), Some("text/plain"));
        assert_eq!(closed.content_type(b"/a.png"), None);
        assert_eq!(
            closed.content_type(b"/md"),
            None,
            "a name without a dot has no extension"
        );
    }

    #[test]
    fn a_redirect_is_exact_or_a_prefix() {
        let rule = |from: &str, to: &str| Redirect {
            from: from.into(),
            to: to.into(),
            status: Status::MOVED,
        };
        let site = site(|rules| {
            rules.redirects = vec![
                rule("/old", "/new"),
                rule("/docs/*", "/manual/*"),
                rule("/r*", "/*"),
            ];
        });
        let to = |path: &str| {
            site.redirect(path.as_bytes())
                .map(|(_, to)| String::from_utf8(to).unwrap())
        };
        assert_eq!(to("/old").as_deref(), Some("/new"));
        assert_eq!(to("/older"), None);
        assert_eq!(to("/docs/a b/c").as_deref(), Some("/manual/a%20b/c"));
        assert_eq!(
            to("/r//evil.example").as_deref(),
            Some("/evil.example"),
            "never another host"
        );
    }

    #[test]
    fn every_matching_header_counts() {
        let rule = |glob: &str, name: &str| HeaderRule {
            glob: glob.into(),
            name: name.into(),
            value: "v".into(),
        };
        let site = site(|rules| {
            rules.headers = vec![rule("**", "A"), rule("*.css", "B"), rule("*.js", "C")];
        });
        let names: Vec<&str> = site.headers(b"/x.css").map(|(name, _)| name).collect();
        assert_eq!(names, ["A", "B"]);
    }
}
