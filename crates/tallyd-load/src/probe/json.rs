//! A report, or the list of the cases, as JSON; the keys are in docs/probe.md.

use serde_json::{Map, Value, json};

use super::{Case, Finding, Level, Report, Verdict};

impl Report {
    /// As JSON, on several lines. `strict` is whether a SHOULD or an advice that is not kept spoils it.
    #[must_use]
    pub fn json(&self, strict: bool) -> String {
        let counts: Map<String, Value> = Verdict::ALL
            .iter()
            .map(|verdict| (verdict.word().to_owned(), json!(self.count(*verdict))))
            .collect();
        let findings: Vec<Value> = self.findings.iter().map(finding).collect();
        let report = json!({
            "url": self.url,
            "server": self.server,
            "length": self.length,
            "conforms": self.conforms(strict),
            "counts": counts,
            "cases": findings,
        });
        format!("{report:#}\n")
    }

    /// Whether no MUST is broken; with `strict`, no SHOULD and no advice either. What is unclear spoils it too where
    /// it could have.
    #[must_use]
    pub fn conforms(&self, strict: bool) -> bool {
        !self.findings.iter().any(|finding| match finding.verdict {
            Verdict::Broken => true,
            Verdict::Unclear => strict || finding.case.level == Level::Must,
            Verdict::Weak | Verdict::Unlike => strict,
            Verdict::Ok | Verdict::Skipped => false,
        })
    }
}

/// The list of these cases as JSON.
#[must_use]
pub fn list(cases: &[&Case]) -> String {
    let cases: Vec<Value> = cases
        .iter()
        .map(|case| Value::Object(named(case)))
        .collect();
    format!("{:#}\n", json!({ "cases": cases }))
}

fn named(case: &Case) -> Map<String, Value> {
    let pairs = [
        ("id", case.id),
        ("group", case.group.word()),
        ("level", case.level.word()),
        ("section", case.section),
        ("demands", case.demands),
    ];
    let pairs = pairs.map(|(key, value)| (key.to_owned(), json!(value)));
    pairs.into_iter().collect()
}

fn finding(finding: &Finding) -> Value {
    let mut object = named(finding.case);
    object.insert("verdict".to_owned(), json!(finding.verdict.word()));
    let said = [("expected", &finding.expected), ("came", &finding.came)];
    let key = |key: &'static str| match (key, finding.verdict) {
        ("came", Verdict::Skipped) => "reason",
        _ => key,
    };
    for (name, text) in said.into_iter().filter(|(_, text)| !text.is_empty()) {
        object.insert(key(name).to_owned(), json!(text));
    }
    Value::Object(object)
}
