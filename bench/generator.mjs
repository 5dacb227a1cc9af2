// Stands in for wrk where that is not installed: keep-alive connections that each ask again when they are answered.
// node generator.mjs <connections> <seconds> <list> <host:port> <first>
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

const [, , connections, seconds, list, base, first] = process.argv
const lines = readFileSync(list, 'utf8').trim().split('\n')
const bodies = new Map()
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) })
const [host, port] = base.split(':')
const result = { requests: 0, bytes: 0, bad: 0, broken: 0 }
const times = []
const started = performance.now()
let at = Number(first) % lines.length

function ask() {
  const [method, path, token, file] = lines[at++ % lines.length].split('\t')
  if (file && !bodies.has(file)) bodies.set(file, readFileSync(file))
  const body = bodies.get(file)
  const headers = { authorization: `Bearer ${token}` }
  if (body) Object.assign(headers, { 'content-type': 'application/fhir+json', 'content-length': body.length })
  const begun = performance.now()
  return new Promise(resolve => {
    const sent = request({ agent, host, port, method, path, headers }, answer => {
      if (answer.statusCode > 399) result.bad++
      answer.on('data', chunk => {
        result.bytes += chunk.length
      })
      answer.on('end', () => {
        result.requests++
        times.push(performance.now() - begun)
        resolve()
      })
    })
    sent.on('error', () => resolve(result.broken++))
    sent.end(body)
  })
}

async function work() {
  while (performance.now() - started < Number(seconds) * 1000) await ask()
}

await Promise.all(Array.from({ length: Number(connections) }, work))
const elapsed = (performance.now() - started) / 1000
times.sort((a, b) => a - b)
const percentile = p => Math.round((times[Math.floor(times.length * p)] ?? 0) * 1000)
console.log(`RESULT ${JSON.stringify({ ...result, seconds: elapsed, p50: percentile(0.5), p99: percentile(0.99) })}`)
agent.destroy()
