//! An audit of a server of our own: started on a made tree, killed and started again while it is asked.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use tallyd_load::audit::{
    Admin, Audience, Counts, Known, LogLine, Report, Site, SiteError, Stage, Table, perform,
};
use tallyd_load::files::tree::TreeError;

use super::server::Server;
use super::temporary::Temporary;
use super::{LANES, LOOK, Progress, Signals, Trouble, audience, joined};
use crate::args::audit::Asked;

/// Makes the tree, serves it, and sees what is counted.
pub(super) fn audit(
    asked: &Asked,
    dir: &Path,
    kills: u64,
    signals: &Signals,
) -> Result<Report, Trouble> {
    let progress = Progress::new();
    progress.say("making the tree");
    let site = made(dir, signals)?;
    let mut temporary = Temporary::new().map_err(Trouble::Failed)?;
    let audited = serve(asked, dir, kills, site, &temporary, &progress, signals);
    let is_kept = match &audited {
        Ok(report) => !report.agrees(),
        Err(Trouble::Stopped) => false,
        Err(Trouble::Failed(_)) => true,
    };
    drop(progress);
    if is_kept {
        temporary.keep();
    }
    audited
}

fn made(dir: &Path, signals: &Signals) -> Result<Site, Trouble> {
    let mut watch = || match signals.stop() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    Site::make(dir, &mut watch).map_err(|error| match error {
        SiteError::Tree(TreeError::Stopped { .. }) => Trouble::Stopped,
        error => Trouble::Failed(error.to_string()),
    })
}

fn serve(
    asked: &Asked,
    dir: &Path,
    kills: u64,
    site: Site,
    temporary: &Temporary,
    progress: &Progress,
    signals: &Signals,
) -> Result<Report, Trouble> {
    let mut server = Server::start(dir, temporary.path(), 0, None, signals)?;
    let address = server.address;
    let audience = audience(asked, site, Stage::new(address), address.to_string());
    let lanes = perform(&audience, LANES);
    let mut wrong = Vec::new();
    let mut said = server.unsettled.unwrap_or_default();
    for kill in 1..=kills {
        let ended = asked.requests * kill / (kills + 1);
        watch(&audience, progress, signals, &mut server, || {
            audience.stage.wait_for(ended, LOOK)
        })?;
        audience.stage.going_down();
        server.kill();
        audience.stage.is_dead();
        let life = audience.stage.kills();
        server = Server::start(dir, temporary.path(), life, Some(address), signals)?;
        match server.unsettled {
            Some(unsettled) => said += unsettled,
            None => wrong.push(format!("start {life} did not say what it has recovered")),
        }
        audience.stage.came_up(server.address);
    }
    watch(&audience, progress, signals, &mut server, || {
        audience.stage.wait_for_end(LOOK)
    })?;
    let took = progress.begun.elapsed();
    let exchanges = joined(lanes)?;
    progress.say("waiting for the counts");
    let admin = Admin::new(server.admin.clone(), None);
    let counts = admin.settled(&|| signals.stop());
    let counts = counts.map_err(|error| signals.trouble(error))?;
    wrong.extend(server.stop());
    let log = temporary.logs(kills);
    let log: Vec<Vec<LogLine>> = log.iter().map(|text| LogLine::all(text)).collect();
    let mut known = Known::of(&audience.site, &exchanges, audience.stage.kills(), &log);
    let unsettled = counts.site.get("unsettled").copied().unwrap_or_default();
    if said != unsettled {
        wrong.push(format!(
            "the starts said {said} unsettled, and {unsettled} are counted"
        ));
    }
    let wrong = wrong.into_iter().map(|wrong| (String::new(), wrong));
    known.wrong.extend(wrong);
    Ok(Report {
        target: dir.display().to_string(),
        seed: asked.seed,
        visitors: audience.plan.visitors as u64,
        kills,
        took,
        counter: "server says",
        table: Table::of(&known, &Counts::default(), &counts),
        known,
    })
}

/// Waits until `is_so`, which takes its time.
fn watch(
    audience: &Arc<Audience>,
    progress: &Progress,
    signals: &Signals,
    server: &mut Server,
    is_so: impl Fn() -> bool,
) -> Result<(), Trouble> {
    while !is_so() {
        progress.show(audience, audience.stage.kills());
        let trouble = match server.ended() {
            _ if signals.stop() => Trouble::Stopped,
            Some(how) => Trouble::Failed(how),
            None => continue,
        };
        audience.stage.stop();
        return Err(trouble);
    }
    Ok(())
}
