# The agent: one bundled file (and a chunk that only a kubeconfig needs), nothing else.
#   docker build -f deploy/images/agent.Dockerfile -t flotilla-agent:0.1.0 .
FROM node:24-alpine AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN node deploy/bundle-agent.mjs

FROM node:24-alpine
WORKDIR /agent
COPY --from=build /src/dist/agent/*.mjs ./
USER 65532:65532
EXPOSE 8080
# A third less memory for twice the processor time of its own code, which is little beside the API server's: no compiled code
# (and so no page that is both written and run), heaps that are collected early. Measured by `npm run bench -- agent`.
ENTRYPOINT ["node", "--jitless", "--optimize-for-size", "--max-semi-space-size=1", "/agent/flotilla-agent.mjs"]
