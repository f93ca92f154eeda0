//! `nta serve user`: who may log in.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context;
use nta_pipeline::PipelineError;
use nta_web::{Role, UsersError, add_user, remove_user, set_password, set_role};

use crate::args::{Common, UserCommand};
use crate::{commands, table, visible};

pub(super) fn users(command: &UserCommand, common: &Common) -> anyhow::Result<()> {
    let project = commands::project(common);
    let told = match command {
        UserCommand::Add { name, role } => {
            add_user(&project, name, *role, &password(name)?).map_err(refused)?;
            format!("{name} may log in and {}", may(*role))
        }
        UserCommand::Password { name } => {
            set_password(&project, name, &password(name)?).map_err(refused)?;
            format!("{name} has another password; sessions of the old one have ended")
        }
        UserCommand::Role { name, role } => {
            set_role(&project, name, *role).map_err(refused)?;
            format!("{name} may {}", may(*role))
        }
        UserCommand::Remove { name } => {
            remove_user(&project, name).map_err(refused)?;
            let left = nta_web::users(&project).map_err(refused)?.len();
            let rest = if left == 0 { "; nobody can log in by name now" } else { "" };
            format!("{name} may log in no longer{rest}")
        }
        UserCommand::List => return list(&project, common),
    };
    if !common.quiet {
        writeln!(visible::out(), "{told}")?;
    }
    Ok(())
}

fn list(project: &nta_pipeline::Project, common: &Common) -> anyhow::Result<()> {
    let users = nta_web::users(project).map_err(refused)?;
    if common.json {
        return commands::json(&users);
    }
    let row = |user: &nta_web::UserLine| {
        vec![user.name.clone(), user.role.to_string(), commands::minute(&user.added.to_string())]
    };
    let rows: Vec<Vec<String>> = users.iter().map(row).collect();
    Ok(table::write_words(&mut visible::out(), &["user", "role", "added"], &rows)?)
}

fn may(role: Role) -> &'static str {
    match role {
        Role::Look => "look",
        Role::Work => "look and work",
        Role::Administer => "look, work and administer",
    }
}

/// What the user can put right is told as such.
fn refused(error: UsersError) -> anyhow::Error {
    match error {
        UsersError::Io { .. } | UsersError::Hash(_) => error.into(),
        other => PipelineError::usage(other.to_string()).into(),
    }
}

/// Asked for twice on a terminal; else the first line of standard input. Never an argument, which other users could see.
fn password(name: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let ask = |prompt: String| rpassword::prompt_password(prompt).context("cannot read the password");
    let first = ask(format!("password of {name}: "))?;
    match ask("once more: ".to_owned())? == first {
        true => Ok(first),
        false => Err(PipelineError::usage("the two passwords differ; nothing was changed".to_owned()).into()),
    }
}
