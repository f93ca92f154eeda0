//! Every address, in one place.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, head, patch, post};

use crate::server::Server;
use crate::users::Role::{self, Administer, Look, Work};
use crate::{api, guard, jobs, live, metrics, models, pages, posted, results, runs, training, uploads};

/// What is answered, and by whom.
pub(crate) fn router(server: Server) -> Router {
    let mut router = Router::new();
    for (_, path, role, handler) in for_people().into_iter().chain(for_programs()) {
        router = router.route(path, handler.route_layer(from_fn_with_state(role, guard::require)));
    }
    router.fallback(pages::nothing_here).layer(from_fn_with_state(server.clone(), guard::guard)).with_state(server)
}

/// Method, path, what asking takes, who answers.
type Route = (&'static str, &'static str, Role, MethodRouter<Server>);

fn for_people() -> Vec<Route> {
    vec![
        ("GET", "/", Look, get(pages::analyse)),
        ("GET", "/train", Look, get(pages::train)),
        ("GET", "/train/{id}", Look, get(training::page)),
        ("GET", "/jobs/{id}", Look, get(jobs::page)),
        ("GET", "/results/{id}", Look, get(results::page)),
        ("GET", "/results/{id}/drift", Look, get(results::drift)),
        ("GET", "/results/{id}/figures/{name}", Look, get(results::figure)),
        ("GET", "/live", Look, get(live::page)),
        ("GET", "/runs", Look, get(runs::page)),
        ("GET", "/runs/compare", Look, get(runs::compare::page)),
        ("GET", "/runs/{id}/report", Look, get(runs::report)),
        ("GET", "/runs/{id}/decision", Look, get(runs::decision)),
        ("GET", "/models", Look, get(models::page)),
        ("GET", "/models/{name}/{number}", Look, get(models::version::page)),
        ("GET", "/login", Look, get(pages::login)),
        ("GET", "/assets/{name}", Look, get(pages::asset)),
    ]
}

/// openapi.json describes these.
fn for_programs() -> Vec<Route> {
    vec![
        ("GET", "/health", Look, get(api::health)),
        ("GET", "/ready", Look, get(api::ready)),
        ("GET", "/metrics", Look, get(metrics::show)),
        ("GET", "/api/v1/openapi.json", Look, get(api::description)),
        ("POST", "/api/v1/session", Look, post(guard::login::log_in)),
        ("DELETE", "/api/v1/session", Look, delete(guard::login::log_out)),
        ("GET", "/api/v1/uploads", Look, get(uploads::list)),
        ("POST", "/api/v1/uploads", Work, post(uploads::begin)),
        ("HEAD", "/api/v1/uploads/{id}", Work, head(uploads::offset)),
        ("PATCH", "/api/v1/uploads/{id}", Work, patch(uploads::append)),
        ("DELETE", "/api/v1/uploads/{id}", Work, delete(uploads::remove)),
        ("POST", posted::PLACE, Work, post(posted::score)),
        ("GET", "/api/v1/jobs", Look, get(jobs::list)),
        ("POST", "/api/v1/jobs", Work, post(jobs::begin)),
        ("GET", "/api/v1/jobs/{id}", Look, get(jobs::show)),
        ("DELETE", "/api/v1/jobs/{id}", Work, delete(jobs::cancel)),
        ("GET", "/api/v1/trainings/{id}", Look, get(training::show)),
        ("POST", "/api/v1/trainings/{id}", Work, post(training::change)),
        ("DELETE", "/api/v1/trainings/{id}", Work, delete(training::remove)),
        ("GET", "/api/v1/results/{id}", Look, get(results::show)),
        ("GET", "/api/v1/results/{id}/rows", Look, get(results::rows)),
        ("GET", "/api/v1/results/{id}/download/{format}", Look, get(results::download)),
        ("DELETE", "/api/v1/results/{id}", Work, delete(results::remove)),
        ("GET", "/api/v1/live", Look, get(live::list)),
        ("GET", "/api/v1/live/{watch}", Look, get(live::show)),
        ("GET", "/api/v1/live/{watch}/alerts", Look, get(live::alerts)),
        ("GET", "/api/v1/live/{watch}/alerts/{id}", Look, get(live::alert)),
        ("GET", "/api/v1/live/{watch}/alerts/{id}/hour", Look, get(live::hour)),
        ("GET", "/api/v1/live/{watch}/events", Look, get(live::events)),
        ("GET", "/api/v1/live/{watch}/download/{format}", Look, get(live::download)),
        ("POST", "/api/v1/live/{watch}/marks", Work, post(live::mark)),
        ("GET", "/api/v1/live/{watch}/suppressions", Look, get(live::suppressions)),
        ("DELETE", "/api/v1/live/{watch}/suppressions/{id}", Work, delete(live::lift)),
        ("GET", "/api/v1/models", Look, get(models::list)),
        ("GET", "/api/v1/models/{name}/{number}", Look, get(models::version::show)),
        ("POST", "/api/v1/models/promote", Administer, post(models::moves::promote)),
        ("POST", "/api/v1/models/rollback", Administer, post(models::moves::rollback)),
        ("GET", "/api/v1/runs", Look, get(runs::list)),
        ("GET", "/api/v1/compare", Look, get(runs::compare::show)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_description_names_every_address_for_programs_and_no_other_and_its_role() {
        let description: serde_json::Value = serde_json::from_str(api::DESCRIPTION).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, told) in methods.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
                let role: Role = told["x-role"].as_str().unwrap_or_default().parse().unwrap();
                described.insert((method.to_uppercase(), path.clone(), role));
            }
        }
        let answered: BTreeSet<_> = for_programs()
            .into_iter()
            .map(|(method, path, role, _)| (method.to_owned(), path.to_owned(), role))
            .collect();
        assert_eq!(described, answered);
    }
}
