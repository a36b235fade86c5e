//! `tallyd check`: is this configuration right? And `tallyd check --defaults`: what holds if nobody says anything.

use std::ffi::OsString;
use std::io::{self, Write};

use tallyd_serve::config;

use crate::args::Typed;

/// Writes `FILE: fine`, or every problem. Gives whether the configuration is right.
pub(crate) fn run(
    typed: &Typed,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<bool> {
    let sources = typed.sources(environment);
    let name = match sources.config_file() {
        Some(path) => path.display().to_string(),
        None => "configuration".to_owned(),
    };
    match config::load(sources) {
        Ok(_) => {
            writeln!(out, "{name}: fine")?;
            Ok(true)
        }
        Err(problems) => {
            for problem in problems {
                writeln!(err, "{problem}")?;
            }
            Ok(false)
        }
    }
}

/// Writes the default configuration.
pub(crate) fn defaults(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(config::defaults_toml().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use super::{defaults, run};
    use crate::args::Typed;

    /// Checks `file` with `TALLYD_PORT` set, and sees what is written to standard output and standard error.
    fn check(file: Option<&str>, port: &str, expected: (bool, &str, &str)) {
        let typed = Typed {
            file: file.map(PathBuf::from),
            flags: Vec::new(),
        };
        let environment: [(OsString, OsString); 1] = [("TALLYD_PORT".into(), port.into())];
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let is_fine = run(&typed, environment, &mut out, &mut err).unwrap();
        let (out, err) = (
            String::from_utf8(out).unwrap(),
            String::from_utf8(err).unwrap(),
        );
        assert_eq!((is_fine, out.as_str(), err.as_str()), expected);
    }

    #[test]
    fn it_says_what_is_fine_and_what_is_not() {
        check(None, "9000", (true, "configuration: fine\n", ""));
        check(Some("/dev/null"), "9000", (true, "/dev/null: fine\n", ""));
        check(
            Some("/nowhere/c.toml"),
            "x",
            (
                false,
                "",
                "/nowhere/c.toml: cannot be read: No such file or directory (os error 2)\n\
                 TALLYD_PORT: \"x\" is not a port: write 1 to 65535, or 0 for one that the system picks\n",
            ),
        );
    }

    #[test]
    fn the_defaults_are_a_whole_file() {
        let mut out = Vec::new();
        defaults(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            tallyd_serve::config::defaults_toml()
        );
    }
}
