//! Who asks: made-up visitors, each with a User-Agent of its own, and of which class that is.

/// The classes of agents, in the order of the counting rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Looks like a browser.
    Person,
    /// A program that fetches.
    Tool,
    /// Says that it is a robot.
    Bot,
    /// Nobody knows it.
    Unknown,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 4] = [Class::Person, Class::Tool, Class::Bot, Class::Unknown];

    /// The class of a visitor: each in turn.
    #[must_use]
    pub fn of(visitor: usize) -> Class {
        match visitor % 4 {
            0 => Class::Person,
            1 => Class::Tool,
            2 => Class::Bot,
            _ => Class::Unknown,
        }
    }

    /// The word of the counting rules.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Person => "person-like",
            Class::Tool => "tool",
            Class::Bot => "bot",
            Class::Unknown => "unknown",
        }
    }
}

/// The mark of one run, which ends each of its agents: no other run has the same visitors.
#[must_use]
pub fn mark(run: u64) -> String {
    format!("r{run:016x}")
}

/// The User-Agent of a visitor of a run.
#[must_use]
pub fn agent(run: u64, visitor: usize) -> String {
    let name = match Class::of(visitor) {
        Class::Person => "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        Class::Tool => "curl/8.5.0",
        Class::Bot => "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        Class::Unknown => "Zqx/1.0",
    };
    format!("{name} v{visitor} {}", mark(run))
}
