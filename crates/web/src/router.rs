//! Every address, in one place.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, head, patch, post};

use crate::server::Server;
use crate::{api, guard, jobs, metrics, models, pages, posted, results, runs, uploads};

/// What is answered, and by whom.
pub(crate) fn router(server: Server) -> Router {
    let mut router = Router::new();
    for (_, path, handler) in for_people().into_iter().chain(for_programs()) {
        router = router.route(path, handler);
    }
    router.fallback(pages::nothing_here).layer(from_fn_with_state(server.clone(), guard::guard)).with_state(server)
}

type Route = (&'static str, &'static str, MethodRouter<Server>);

fn for_people() -> Vec<Route> {
    vec![
        ("GET", "/", get(pages::analyse)),
        ("GET", "/train", get(pages::train)),
        ("GET", "/jobs/{id}", get(jobs::page)),
        ("GET", "/results/{id}", get(results::page)),
        ("GET", "/results/{id}/figures/{name}", get(results::figure)),
        ("GET", "/runs", get(runs::page)),
        ("GET", "/runs/compare", get(runs::compare::page)),
        ("GET", "/runs/{id}/report", get(runs::report)),
        ("GET", "/models", get(models::page)),
        ("GET", "/models/{name}/{number}", get(models::version::page)),
        ("GET", "/login", get(pages::login)),
        ("GET", "/assets/{name}", get(pages::asset)),
    ]
}

/// openapi.json describes these.
fn for_programs() -> Vec<Route> {
    vec![
        ("GET", "/health", get(api::health)),
        ("GET", "/ready", get(api::ready)),
        ("GET", "/metrics", get(metrics::show)),
        ("GET", "/api/v1/openapi.json", get(api::description)),
        ("POST", "/api/v1/session", post(guard::log_in)),
        ("DELETE", "/api/v1/session", delete(guard::log_out)),
        ("GET", "/api/v1/uploads", get(uploads::list)),
        ("POST", "/api/v1/uploads", post(uploads::begin)),
        ("HEAD", "/api/v1/uploads/{id}", head(uploads::offset)),
        ("PATCH", "/api/v1/uploads/{id}", patch(uploads::append)),
        ("DELETE", "/api/v1/uploads/{id}", delete(uploads::remove)),
        ("POST", "/api/v1/score", post(posted::score)),
        ("GET", "/api/v1/jobs", get(jobs::list)),
        ("POST", "/api/v1/jobs", post(jobs::begin)),
        ("GET", "/api/v1/jobs/{id}", get(jobs::show)),
        ("DELETE", "/api/v1/jobs/{id}", delete(jobs::cancel)),
        ("GET", "/api/v1/results/{id}", get(results::show)),
        ("GET", "/api/v1/results/{id}/rows", get(results::rows)),
        ("GET", "/api/v1/results/{id}/download/{format}", get(results::download)),
        ("DELETE", "/api/v1/results/{id}", delete(results::remove)),
        ("GET", "/api/v1/models", get(models::list)),
        ("GET", "/api/v1/models/{name}/{number}", get(models::version::show)),
        ("POST", "/api/v1/models/promote", post(models::moves::promote)),
        ("POST", "/api/v1/models/rollback", post(models::moves::rollback)),
        ("GET", "/api/v1/runs", get(runs::list)),
        ("GET", "/api/v1/compare", get(runs::compare::show)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_description_names_every_address_for_programs_and_no_other() {
        let description: serde_json::Value = serde_json::from_str(api::DESCRIPTION).unwrap();
        let described: BTreeSet<(String, String)> = description["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys().filter(|key| *key != "parameters");
                methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
            })
            .collect();
        let answered =
            for_programs().into_iter().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
        assert_eq!(described, answered);
    }
}
