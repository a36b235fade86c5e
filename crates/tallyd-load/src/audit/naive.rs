//! The usual log counter: reads an access log in the combined format and takes its lines for the truth.
//!
//! A line with GET and 200 or 206 is a download, and the bytes of the line are the bytes. So do the counters that
//! people run on the logs of their servers.

/// What such a counter finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Naive {
    /// Lines.
    pub requests: u64,
    /// Lines with GET and 200 or 206.
    pub downloads: u64,
    /// The bytes of these lines.
    pub bytes: u64,
    /// Lines with 404.
    pub not_found: u64,
}

impl Naive {
    /// Counts the lines of `text` that have `mark` in them.
    #[must_use]
    pub fn of(text: &str, mark: &str) -> Naive {
        let mut naive = Naive::default();
        for line in text.lines().filter(|line| line.contains(mark)) {
            naive.add(line);
        }
        naive
    }

    /// `address - name [time] "METHOD target HTTP/1.1" status bytes "referrer" "agent"`.
    fn add(&mut self, line: &str) {
        let mut quoted = line.split('"');
        let request = quoted.nth(1).unwrap_or_default();
        let mut numbers = quoted.next().unwrap_or_default().split_ascii_whitespace();
        let status = numbers.next().unwrap_or_default();
        let bytes: u64 = numbers
            .next()
            .and_then(|word| word.parse().ok())
            .unwrap_or(0);
        self.requests += 1;
        self.not_found += u64::from(status == "404");
        if request.starts_with("GET ") && matches!(status, "200" | "206") {
            self.downloads += 1;
            self.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_200_and_206_are_downloads_to_it() {
        let log = "1.2.3.4 - - [x y] \"GET /a HTTP/1.1\" 200 10 \"-\" \"curl ours\"\n\
                   1.2.3.4 - - [x y] \"GET /a HTTP/1.1\" 206 5 \"-\" \"curl ours\"\n\
                   1.2.3.4 - - [x y] \"HEAD /a HTTP/1.1\" 200 0 \"-\" \"curl ours\"\n\
                   1.2.3.4 - - [x y] \"GET /b HTTP/1.1\" 404 153 \"-\" \"curl ours\"\n\
                   1.2.3.4 - - [x y] \"GET /a HTTP/1.1\" 200 10 \"-\" \"curl other\"\n\
                   ours is no line\n";
        let expected = Naive {
            requests: 5,
            downloads: 2,
            bytes: 15,
            not_found: 1,
        };
        assert_eq!(Naive::of(log, "ours"), expected);
    }
}
