// The contestant of `faults speed` that is made with LangChain.js, as its documentation shows it: a vector store in PostgreSQL, a
// retriever, a prompt, a model. Like the floor it stores and checks nothing.
//
//   node serve.mjs DATABASE MODEL TABLE HOST PORT
import http from 'node:http';
import { PGVectorStore } from '@langchain/community/vectorstores/pgvector';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { RunnablePassthrough, RunnableSequence } from '@langchain/core/runnables';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import pg from 'pg';

const [database, model, tableName, host, port] = process.argv.slice(2);
const [dimensions, passages] = [1536, 8];
const configuration = { baseURL: model };
const store = new PGVectorStore(
  new OpenAIEmbeddings({ apiKey: 'none', configuration, dimensions, model: 'stand-in-embedding' }),
  { distanceStrategy: 'cosine', pool: new pg.Pool({ connectionString: database }), tableName },
);
await store.createHnswIndex({ dimensions, namespace: tableName });
const together = (documents) => documents.map((document) => document.pageContent).join('\n\n');
const chain = RunnableSequence.from([
  { context: store.asRetriever(passages).pipe(together), question: new RunnablePassthrough() },
  ChatPromptTemplate.fromMessages([['system', 'Answer the customer using only the context.\n\n{context}'], ['human', '{question}']]),
  new ChatOpenAI({ apiKey: 'none', configuration, maxRetries: 0, model: 'stand-in' }),
  new StringOutputParser(),
]);

http.createServer(async (request, response) => {
  if (request.method === 'GET') {
    response.end();
    return;
  }
  try {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    const answer = await chain.invoke(JSON.parse(body).question);
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ answer }));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(Number(port), host);
