//! The environment as a layer: `TALLYD_PORT`, `TALLYD_LOG_FORMAT` and so on.
//!
//! An unknown `TALLYD_` name is a mistake and said to be one, but for those that Kubernetes and Docker make
//! up for a service that is itself called tallyd: nobody typed them, and nobody can take them away.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::options::{self, Definition};
use super::problem::{Place, Problem};
use super::typed::Layer;
use super::{nearest, text};

const PREFIX: &str = "TALLYD_";

/// Names the configuration file, where `--config` does not.
const CONFIG: &str = "TALLYD_CONFIG";

/// The configuration file that the environment names.
pub(super) fn config_file(variables: &[(OsString, OsString)]) -> Option<&Path> {
    let (_, value) = variables
        .iter()
        .find(|(name, value)| name == CONFIG && !value.is_empty())?;
    Some(Path::new(value))
}

/// The options in the environment.
pub(super) fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    problems: &mut Vec<Problem>,
) -> Layer {
    let mut layer = Layer::default();
    for (name, value) in variables {
        let name = name.to_string_lossy();
        // An empty variable is how a template says nothing: `TALLYD_PORT=${PORT:-}`.
        let is_ours = name.starts_with(PREFIX) && name != CONFIG && !value.is_empty();
        if !is_ours || is_service_link(&name, &value) {
            continue;
        }
        let place = Place::Environment(name.clone().into_owned());
        match find(&name) {
            Some(option) => {
                let added = text::add(&mut layer, option, &[value], &place);
                problems.extend(added.err().unwrap_or_default());
            }
            None => problems.push(place.problem(format!("unknown variable{}", hint(&name)))),
        }
    }
    layer
}

fn hint(name: &str) -> String {
    let names: Vec<String> = options::all().map(Definition::variable).collect();
    nearest::hint(name, names.iter().map(String::as_str).chain([CONFIG]))
}

fn find(name: &str) -> Option<&'static Definition> {
    options::all().find(|option| option.variable() == name)
}

/// `TALLYD_PORT=tcp://10.0.0.1:80`, `TALLYD_SERVICE_HOST`, `TALLYD_PORT_80_TCP_ADDR`, and the same for a service
/// whose name only begins with tallyd.
fn is_service_link(name: &str, value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    let is_url = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    let is_port = ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| {
        name.contains("_PORT_")
            && (name.ends_with(protocol) || name.contains(&format!("{protocol}_")))
    });
    (name.ends_with("_PORT") && is_url)
        || name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || is_port
}
