//! Pages from templates.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;

use crate::error::Problem;
use crate::guard::visitor::Visitor;
use crate::users::Role;

const TEMPLATES: [(&str, &str); 13] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("analyse.html", include_str!("../../templates/analyse.html")),
    ("job.html", include_str!("../../templates/job.html")),
    ("jobs.html", include_str!("../../templates/jobs.html")),
    ("live.html", include_str!("../../templates/live.html")),
    ("login.html", include_str!("../../templates/login.html")),
    ("model.html", include_str!("../../templates/model.html")),
    ("models.html", include_str!("../../templates/models.html")),
    ("problem.html", include_str!("../../templates/problem.html")),
    ("result.html", include_str!("../../templates/result.html")),
    ("runs.html", include_str!("../../templates/runs.html")),
    ("train.html", include_str!("../../templates/train.html")),
    ("training.html", include_str!("../../templates/training.html")),
];

/// What a column is, in words.
const ROLES: [(&str, &str); 9] = [
    ("label", "the label"),
    ("family", "the kind of attack"),
    ("time", "the start"),
    ("duration", "the duration"),
    ("src", "the source host"),
    ("dst", "the destination host"),
    ("number", "a number"),
    ("category", "a category"),
    ("ignored", "ignored"),
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
        templates.add_filter("a_day", nta_pipeline::a_day);
        templates.add_filter("sum_of", |rows: Vec<minijinja::Value>, place: usize| {
            let cell = |row: &minijinja::Value| row.get_item_by_index(place).ok()?.as_usize();
            rows.iter().filter_map(cell).map(|n| n as u64).sum::<u64>()
        });
        templates.add_global("role_words", minijinja::Value::from_pairs(ROLES));
        templates.add_filter("decimal", |x: Option<f64>| x.map_or_else(|| "–".to_owned(), |x| format!("{x:.4}")));
        templates.add_filter("minute", |t: String| t.chars().take(16).collect::<String>().replace('T', " "));
        for (name, text) in TEMPLATES {
            // Their ending has every value escaped for HTML.
            templates.add_template(name, text)?;
        }
        Ok(Pages(templates))
    }

    fn render(&self, template: &str, title: &str, visitor: &Visitor, data: &impl Serialize) -> Result<String, Problem> {
        let values = context! {
            title,
            csrf => &visitor.csrf,
            guarded => visitor.guarded,
            user => visitor.user(),
            may_work => visitor.may(Role::Work),
            may_administer => visitor.may(Role::Administer),
            page => Serde(data),
        };
        Ok(self.0.get_template(template)?.render(values)?)
    }

    /// The page that `template` makes of `data`.
    pub(crate) fn page(
        &self,
        visitor: &Visitor,
        template: &str,
        title: &str,
        data: &impl Serialize,
    ) -> Result<Response, Problem> {
        self.render(template, title, visitor, data).map(html)
    }

    /// A problem as a page.
    pub(crate) fn problem(&self, problem: &Problem, visitor: &Visitor) -> Response {
        let values = ProblemPage { status: problem.status.as_u16(), title: problem.title(), detail: &problem.detail };
        let text = self.render("problem.html", problem.title(), visitor, &values);
        let mut page = (problem.status, html(text.unwrap_or_else(|_| problem.detail.clone()))).into_response();
        problem.retry_after.map(|seconds| page.headers_mut().insert(header::RETRY_AFTER, seconds.into()));
        page
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
        assert_eq!([nta_pipeline::a_day(0.25), nta_pipeline::a_day(1_234.4)], ["0.2", "1,234"]);
    }
}
