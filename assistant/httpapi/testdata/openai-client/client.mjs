// What a program does with the official client, printed as one JSON object. The test compares it.
import OpenAI from "openai";

const client = new OpenAI({ apiKey: process.env.KEY, baseURL: process.env.BASE_URL, maxRetries: 0 });
const ask = (text, more = {}) => ({ model: "deskhand", messages: [{ role: "user", content: text }], ...more });
const out = {};

out.models = (await client.models.list()).data.map((m) => m.id);
out.model = (await client.models.retrieve("deskhand")).id;

const first = await client.chat.completions.create(ask(process.env.QUESTION, { temperature: 0.3 }));
out.answer = first.choices[0].message.content;
out.outcome = first.deskhand.outcome;
out.tokens = first.usage.total_tokens;

const next = await client.chat.completions.create(
  ask("and how long does it take?", { metadata: { conversation_id: first.deskhand.conversation_id } }),
);
out.continued = next.deskhand.conversation_id === first.deskhand.conversation_id;

const stream = await client.chat.completions.create(ask(process.env.QUESTION, { stream: true, stream_options: { include_usage: true } }));
out.streamed = "";
for await (const chunk of stream) {
  out.streamed += chunk.choices[0]?.delta?.content ?? "";
  out.finish = chunk.choices[0]?.finish_reason ?? out.finish;
  out.streamedOutcome = chunk.deskhand?.outcome ?? out.streamedOutcome;
  out.streamedTokens = chunk.usage?.total_tokens ?? out.streamedTokens;
}
out.helper = await client.chat.completions.stream(ask(process.env.QUESTION)).finalContent();

out.errors = [];
for (const attempt of [
  () => client.chat.completions.create(ask("hi", { tools: [{ type: "function", function: { name: "f" } }] })),
  () => client.chat.completions.create({ ...ask("hi"), model: "gpt-4o" }),
  () => client.chat.completions.create(ask("hi", { stream: true, n: 2 })),
  () => new OpenAI({ apiKey: "dh_widget_wrong", baseURL: process.env.BASE_URL, maxRetries: 0 }).models.list(),
]) {
  try {
    await attempt();
    out.errors.push("none");
  } catch (error) {
    out.errors.push(`${error.constructor.name} ${error.status} ${error.param ?? ""}`.trim());
  }
}
console.log(JSON.stringify(out));
