//! langchain-rust's [`LLM`] over an HTTP client that is kept.
//!
//! langchain-rust's own OpenAI client makes an HTTP client for each call, and OpenSSL reads the machine's certificates
//! each time: 18 to 46 ms here, more than everything else between a chat line and its request. It takes no client from
//! outside; its trait, messages and options do not mind who sends them.

use std::pin::Pin;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage,
    ChatCompletionRequestUserMessage, ChatCompletionResponseStream, ChatCompletionStreamOptions,
    CreateChatCompletionRequest, CreateChatCompletionRequestArgs, CreateChatCompletionStreamResponse,
};
use async_trait::async_trait;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use langchain_rust::language_models::llm::LLM;
use langchain_rust::language_models::options::CallOptions;
use langchain_rust::language_models::{GenerateResult, LLMError, LLMEvent, LLMEventStream, TokenUsage};
use langchain_rust::schemas::convert::LangchainIntoOpenAI;
use langchain_rust::schemas::{Message, MessageType, StreamData};
use serde_json::Value;

/// A model behind an OpenAI-compatible server.
#[derive(Clone)]
pub(super) struct PooledOpenAi {
    client: Client<OpenAIConfig>,
    model: String,
    options: CallOptions,
}

impl PooledOpenAi {
    pub(super) fn new(http: reqwest::Client, config: OpenAIConfig, model: &str, options: CallOptions) -> Self {
        Self { client: Client::build(http, config), model: model.to_owned(), options }
    }

    /// Of the options those that Pedro sets.
    fn request(&self, messages: &[Message]) -> Result<CreateChatCompletionRequest, OpenAIError> {
        let mut request = CreateChatCompletionRequestArgs::default();
        request.model(&self.model).messages(messages.iter().map(openai).collect::<Vec<_>>()).stream(true);
        request.stream_options(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None });
        if let Some(tokens) = self.options.max_tokens {
            // llama.cpp and most servers like it know only the older name.
            request.max_tokens(tokens);
        }
        if let Some(temperature) = self.options.temperature {
            request.temperature(temperature);
        }
        if let Some(format) = &self.options.response_format {
            let format: async_openai::types::chat::ResponseFormat = format.clone().into_openai();
            request.response_format(format);
        }
        request.build()
    }

    async fn open(
        &self,
        messages: &[Message],
    ) -> Result<impl Stream<Item = Result<LLMEvent, LLMError>> + use<>, LLMError> {
        let chunks = self.client.chat().create_stream(self.request(messages)?).await?;
        Ok(events(chunks))
    }
}

#[async_trait]
impl LLM for PooledOpenAi {
    async fn generate(&self, messages: &[Message]) -> Result<GenerateResult, LLMError> {
        let mut events = self.generate_stream(messages);
        while let Some(event) = events.next().await {
            if let LLMEvent::Done(result) = event? {
                return Ok(result);
            }
        }
        Ok(GenerateResult::default())
    }

    async fn stream(
        &self,
        messages: &[Message],
    ) -> Result<Pin<Box<dyn Stream<Item = Result<StreamData, LLMError>> + Send>>, LLMError> {
        let data = self.open(messages).await?.map_ok(|event| match event {
            LLMEvent::Text(text) => StreamData::new(Value::Null, None, text),
            LLMEvent::Done(result) => StreamData::new(Value::Null, result.tokens, ""),
            _ => StreamData::new(Value::Null, None, ""),
        });
        Ok(Box::pin(data))
    }

    fn generate_stream<'a>(&'a self, messages: &'a [Message]) -> LLMEventStream<'a> {
        Box::pin(stream::once(self.open(messages)).try_flatten())
    }

    fn add_options(&mut self, options: CallOptions) {
        self.options.merge_options(options);
    }
}

/// The text as it comes, then the whole of it with its counts.
fn events(chunks: ChatCompletionResponseStream) -> impl Stream<Item = Result<LLMEvent, LLMError>> {
    stream::unfold(Some((chunks, GenerateResult::default())), |state| async {
        let (mut chunks, mut whole) = state?;
        loop {
            match chunks.next().await {
                Some(Ok(chunk)) => {
                    if let Some(text) = take(chunk, &mut whole) {
                        return Some((Ok(LLMEvent::Text(text)), Some((chunks, whole))));
                    }
                }
                Some(Err(error)) => return Some((Err(error.into()), None)),
                None => return Some((Ok(LLMEvent::Done(whole)), None)),
            }
        }
    })
}

/// Adds a chunk to the whole; its text, if it has any.
fn take(chunk: CreateChatCompletionStreamResponse, whole: &mut GenerateResult) -> Option<String> {
    if let Some(usage) = chunk.usage {
        whole.tokens = Some(TokenUsage {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.total_tokens,
        });
    }
    let text = chunk.choices.into_iter().find(|choice| choice.index == 0)?.delta.content?;
    whole.generation.push_str(&text);
    (!text.is_empty()).then_some(text)
}

fn openai(message: &Message) -> ChatCompletionRequestMessage {
    let content = message.content.clone();
    match message.message_type {
        MessageType::SystemMessage => ChatCompletionRequestSystemMessage::from(content).into(),
        MessageType::AIMessage => ChatCompletionRequestAssistantMessage::from(content).into(),
        // Pedro offers the model no tools, so that no other kind is made.
        MessageType::HumanMessage | MessageType::ToolMessage => ChatCompletionRequestUserMessage::from(content).into(),
    }
}
