# What the scenarios share: how they wait, and what they expect of a Rollout and of its AnalysisRuns. Sourced by them; the
# Rollout is always `echo-server`, and the namespace tells which.
# shellcheck shell=bash
set -euo pipefail
kind_tests="$(cd "$(dirname "$0")/.." && pwd)"

say() { printf '%5d s  %s\n' "$SECONDS" "$*"; }
fail() { say "$*"; exit 1; }
title() { printf '\n-- %s\n' "$*"; }

# within SECONDS WHAT COMMAND...: the command is asked each second until it succeeds.
within() {
    local limit="$1" what="$2" deadline=$((SECONDS + $1))
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "expected within $limit s: $what"
        sleep 1
    done
    say "$what"
}

# rollout NAMESPACE [FILTER]: the Rollout, by a filter of jq.
rollout() { kubectl -n "$1" get rollout echo-server -o json | jq -r "${2:-.}"; }

# rollout_is NAMESPACE CONDITION: jq's, of a Rollout whose controller has seen its last change.
rollout_is() {
    kubectl -n "$1" get rollout echo-server -o json |
        jq -e "(.status.observedGeneration == (.metadata.generation | tostring)) and ($2)"
}

# Of a Rollout's life these are where nothing goes on by itself.
promoted='.status.phase == "Healthy" and .status.stableRS == .status.currentPodHash'
aborted='.status.abort == true and .status.phase == "Degraded"'
held='.status.phase == "Paused" and any(.status.pauseConditions[]?; .reason == "InconclusiveAnalysisRun")'

# ends NAMESPACE SECONDS promoted|aborted|held: the Rollout comes to rest so, and not otherwise.
ends() {
    local deadline=$((SECONDS + $2)) wanted="$3"
    until rollout_is "$1" "($promoted) or ($aborted) or ($held)" >/dev/null; do
        ((SECONDS < deadline)) ||
            fail "$1: expected \`$wanted\` within $2 s, found $(rollout "$1" '.status | {phase, message, currentStepIndex}')"
        sleep 1
    done
    say "$1: $(rollout "$1" '"\(.status.phase), step \(.status.currentStepIndex) of \(.spec.strategy.canary.steps | length)"
        + if .status.message then ": " + .status.message else "" end')"
    rollout_is "$1" "${!wanted}" >/dev/null || fail "$1: expected \`$wanted\`"
}

# analyses NAMESPACE: prints those of the Rollout's present pods, as one reads them.
analyses() {
    kubectl -n "$1" get analysisruns -l "rollouts-pod-template-hash=$(rollout "$1" .status.currentPodHash)" -o json | jq -r '
        .items | sort_by(.metadata.creationTimestamp)[]
        | "         analysis of step \(.metadata.labels["step-index"]): \(.status.phase)"
            + (if .status.message then ": " + .status.message else "" end),
          (.status.metricResults[]? | "           \(.name): " + ([.measurements[]?
            | .phase + " " + (.value // "") + (if .metadata.outcome then " (\(.metadata.outcome))" else "" end)] | join(", ")))'
}

# analysis NAMESPACE STEP [FILTER]: the AnalysisRun of that step and the present pods.
analysis() {
    local hash
    hash="$(rollout "$1" .status.currentPodHash)"
    kubectl -n "$1" get analysisruns -l "rollouts-pod-template-hash=$hash,step-index=$2" -o json |
        jq -r "(.items | sort_by(.metadata.creationTimestamp) | last) | ${3:-.}"
}

# measurement NAMESPACE STEP CONDITION: jq's, of the last measurement of the only metric.
measurement() { analysis "$1" "$2" .status.metricResults[0].measurements[-1] | jq -e "$3"; }

# analysed NAMESPACE STEP PHASE [PATTERN]: that AnalysisRun has ended so, with a message like that.
analysed() {
    local phase message
    phase="$(analysis "$1" "$2" .status.phase)"
    message="$(analysis "$1" "$2" '.status.message // ""')"
    [[ $phase == "$3" ]] || fail "$1: analysis of step $2: expected $3, found $phase: $message"
    grep -Eq -- "${4:-}" <<<"$message" || fail "$1: analysis of step $2: expected a message like \`${4:-}\`, found: $message"
}

# answers QUERY: Prometheus has something to say to it.
answers() {
    local server=/api/v1/namespaces/prometheus/services/prometheus-server:80/proxy query
    query="$(jq -rn --arg query "$1" '$query | @uri')"
    kubectl get --raw "$server/api/v1/query?query=$query" | jq -e '.data.result != []'
}

# deploy NAMESPACE FOLDER: the first release of a Rollout of tests/kind/rollouts, in a namespace that it makes anew. It is there
# for good when Prometheus, too, has seen its pods ready.
deploy() {
    local ready="sum(kube_pod_container_status_ready{namespace=\"$1\"})"
    kubectl delete namespace "$1" --ignore-not-found >/dev/null
    kubectl create namespace "$1" >/dev/null
    # They are made of files that stand elsewhere in examples/.
    kubectl kustomize --load-restrictor LoadRestrictionsNone "$kind_tests/rollouts/$2" | kubectl -n "$1" apply -f - >/dev/null
    within 120 "$1: podinfo 6.8.0 is Healthy" rollout_is "$1" "$promoted"
    within 60 "$1: Prometheus knows" answers "$ready == $(rollout "$1" .spec.replicas)"
}

# release NAMESPACE [OPERATION...]: the next version; operations of a JSON patch may spoil it.
release() {
    local image='{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "stefanprodan/podinfo:6.9.3"}'
    local operations="$image" operation
    for operation in "${@:2}"; do operations+=", $operation"; done
    kubectl -n "$1" patch rollout echo-server --type json -p "[$operations]" >/dev/null
    say "$1: podinfo 6.9.3 is released"
}

# podinfo ends its process when this page is asked for: a probe that asks for it makes a pod that becomes ready and then crashes.
crashing='{"op": "replace", "path": "/spec/template/spec/containers/0/livenessProbe/httpGet/path", "value": "/panic"}'

# canary NAMESPACE [FILTER]: the newest of the canary's pods.
canary() {
    kubectl -n "$1" get pods -l "rollouts-pod-template-hash=$(rollout "$1" .status.currentPodHash)" -o json |
        jq -r "(.items | sort_by(.metadata.creationTimestamp) | last) | ${2:-.metadata.name}"
}

# request NAMESPACE: one to the canary, through the API server.
request() { kubectl get --raw "/api/v1/namespaces/$1/pods/$(canary "$1"):9898/proxy/version" >/dev/null; }

# traffic NAMESPACE: about a request a second, until the scenario ends.
traffic() {
    say "$1: traffic comes"
    while kill -0 $$ 2>/dev/null; do
        request "$1" 2>/dev/null || true
        sleep 1
    done &
}
