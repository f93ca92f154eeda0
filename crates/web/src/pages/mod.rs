//! Pages from templates, and the files that they load.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

use crate::error::Problem;
use crate::guard::Visitor;
use crate::jobs::Job;
use crate::models;
use crate::server::Server;

const TEMPLATES: [(&str, &str); 10] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("analyse.html", include_str!("../../templates/analyse.html")),
    ("job.html", include_str!("../../templates/job.html")),
    ("jobs.html", include_str!("../../templates/jobs.html")),
    ("login.html", include_str!("../../templates/login.html")),
    ("models.html", include_str!("../../templates/models.html")),
    ("problem.html", include_str!("../../templates/problem.html")),
    ("result.html", include_str!("../../templates/result.html")),
    ("runs.html", include_str!("../../templates/runs.html")),
    ("train.html", include_str!("../../templates/train.html")),
];

/// The templates, read once.
pub(crate) struct Pages(Environment<'static>);

impl Pages {
    pub(crate) fn new() -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        templates.add_filter("thousands", |n: u64| nta_pipeline::thousands(n));
        templates.add_filter("percent", percent);
        templates.add_filter("decimal", |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.4}")));
        templates.add_filter("minute", |t: String| t.chars().take(16).collect::<String>().replace('T', " "));
        for (name, text) in TEMPLATES {
            // Their ending has every value escaped for HTML.
            templates.add_template(name, text)?;
        }
        Ok(Pages(templates))
    }

    fn render(&self, template: &str, title: &str, visitor: &Visitor, data: &impl Serialize) -> Result<String, Problem> {
        let values = context! { title, csrf => &visitor.csrf, guarded => visitor.guarded, page => Serde(data) };
        Ok(self.0.get_template(template)?.render(values)?)
    }

    /// A problem as a page.
    pub(crate) fn problem(&self, problem: &Problem, visitor: &Visitor) -> Response {
        let values = ProblemPage { status: problem.status.as_u16(), title: problem.title(), detail: &problem.detail };
        let text = self.render("problem.html", problem.title(), visitor, &values);
        (problem.status, html(text.unwrap_or_else(|_| problem.detail.clone()))).into_response()
    }
}

#[derive(Serialize)]
struct ProblemPage<'a> {
    status: u16,
    title: &'a str,
    detail: &'a str,
}

/// A share in per cent.
fn percent(x: Option<f64>) -> String {
    x.map_or_else(|| "–".to_owned(), |x| format!("{:.2} %", 100.0 * x))
}

fn html(text: String) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], text).into_response()
}

/// The page that `template` makes of `data`.
pub(crate) fn page(
    server: &Server,
    visitor: &Visitor,
    template: &str,
    title: &str,
    data: &impl Serialize,
) -> Result<Response, Problem> {
    server.pages.render(template, title, visitor, data).map(html)
}

/// What the first page and the page for training show.
#[derive(Serialize)]
struct Start {
    /// Versions to choose from, the one that is taken by default first.
    models: Vec<String>,
    jobs: Vec<Job>,
}

/// Jobs on the page.
const SHOWN: usize = 30;

async fn start(server: &Server, is_shown: impl Fn(&Job) -> bool) -> Result<Start, Problem> {
    let models = models::versions(server).await?.into_iter().map(|model| model.version).collect();
    Ok(Start { models, jobs: server.jobs.all().into_iter().filter(is_shown).take(SHOWN).collect() })
}

pub(crate) async fn analyse(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    let start = start(&server, |job| job.work.kind() != "train").await?;
    page(&server, &visitor, "analyse.html", "Analyse", &start)
}

pub(crate) async fn train(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    let start = start(&server, |job| job.work.kind() == "train").await?;
    page(&server, &visitor, "train.html", "Train", &start)
}

pub(crate) async fn login(
    State(server): State<Server>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Problem> {
    page(&server, &visitor, "login.html", "Log in", &())
}

pub(crate) async fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such page")
}

/// A file of ours, by its name alone.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let (kind, bytes): (&'static str, Vec<u8>) = match name.as_str() {
        "style.css" => ("text/css; charset=utf-8", include_bytes!("../../assets/style.css").to_vec()),
        "app.js" => ("text/javascript; charset=utf-8", include_bytes!("../../assets/app.js").to_vec()),
        "icon.svg" => ("image/svg+xml", include_bytes!("../../assets/icon.svg").to_vec()),
        font => {
            let weight = font.strip_prefix("inter-").and_then(|name| name.strip_suffix(".otf"));
            let file = nta_plots::font_files().into_iter().find(|(w, _)| weight == Some(w.to_string().as_str()));
            ("font/otf", file.ok_or_else(|| Problem::not_found("file"))?.1.to_vec())
        }
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_whole() {
        let pages = Pages::new().unwrap();
        for (name, _) in TEMPLATES {
            assert!(pages.0.get_template(name).is_ok(), "{name}");
        }
        assert_eq!([percent(Some(0.125)), percent(None)], ["12.50 %", "–"]);
    }
}
