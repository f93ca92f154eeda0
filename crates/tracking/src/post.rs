//! One request to any address: for what is told of without a conversation, such as alerts.

use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};

/// A client that posts.
#[derive(Debug)]
pub struct Poster {
    client: Client,
}

impl Poster {
    /// One that waits so long for an answer.
    ///
    /// # Errors
    /// TLS that cannot be made ready, in words.
    pub fn new(patience: Duration) -> Result<Poster, String> {
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().user_agent(concat!("nta/", env!("CARGO_PKG_VERSION"))).timeout(patience);
        let client = builder.build().map_err(|error| error.to_string())?;
        Ok(Poster { client })
    }

    /// The status of the answer and its first 64 KiB.
    ///
    /// # Errors
    /// No answer, and why.
    pub fn post(
        &self,
        url: &str,
        content_type: &str,
        authorization: Option<&str>,
        body: String,
    ) -> Result<(u16, String), String> {
        let mut request = self.client.post(url).header(CONTENT_TYPE, content_type).body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let mut answer = request.send().map_err(|error| error.without_url().to_string())?;
        let mut said = Vec::new();
        let _ = std::io::Read::read_to_end(&mut std::io::Read::take(&mut answer, 1 << 16), &mut said);
        Ok((answer.status().as_u16(), String::from_utf8_lossy(&said).into_owned()))
    }
}
