{{- define "authgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "authgate.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "authgate.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "authgate.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "authgate.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "authgate.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* Labels of one component's pods, by which they are found: (list root component). */}}
{{- define "authgate.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "authgate.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* All labels of what belongs to one component: (list root component). */}}
{{- define "authgate.labels" -}}
{{- $root := index . 0 -}}
{{ include "authgate.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "authgate.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end }}
{{- end }}

{{/* The settings as environment variables, in YAML. What is no text is JSON, as AuthGate reads it. */}}
{{- define "authgate.settings" -}}
{{- range $name, $value := .Values.settings }}
{{- if kindIs "map" $value }}
{{- range $inner, $setting := $value }}
{{- if not (kindIs "invalid" $setting) }}
AUTHGATE_{{ upper $name }}__{{ upper $inner }}: {{ include "authgate.setting" $setting | quote }}
{{- end }}
{{- end }}
{{- else if not (kindIs "invalid" $value) }}
AUTHGATE_{{ upper $name }}: {{ include "authgate.setting" $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "authgate.setting" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{/* Every secret: the key of the Secret it is under, the file it becomes, the variable that names the
     file, and which components need it. In YAML. */}}
{{- define "authgate.secrets" -}}
{{- $keys := .Values.secrets.keys -}}
- {key: {{ $keys.databaseUrl | quote }}, file: database_url, variable: AUTHGATE_DATABASE__URL_FILE, for: [web, worker, migrate, doctor]}
- {key: {{ $keys.appendUrl | quote }}, file: append_url, variable: AUTHGATE_DATABASE__APPEND_URL_FILE, for: [web, worker, migrate, doctor]}
- {key: {{ $keys.sweepUrl | quote }}, file: sweep_url, variable: AUTHGATE_DATABASE__SWEEP_URL_FILE, for: [web, worker, migrate, doctor]}
- {key: {{ $keys.redisUrl | quote }}, file: redis_url, variable: AUTHGATE_REDIS_URL_FILE, for: [web, worker, beat, migrate, doctor]}
- {key: {{ $keys.brokerUrl | quote }}, file: broker_url, variable: AUTHGATE_JOBS__BROKER_URL_FILE, for: [web, worker, beat]}
- {key: {{ $keys.kek | quote }}, file: kek, variable: AUTHGATE_KEYS__KEK_FILE, for: [web, worker, beat, doctor]}
- {key: {{ $keys.retiredKeks | quote }}, file: retired_keks, variable: AUTHGATE_KEYS__RETIRED_KEKS_FILE, for: [web, worker, beat, doctor]}
- {key: {{ $keys.mailPassword | quote }}, file: mail_password, variable: AUTHGATE_MAIL__PASSWORD_FILE, for: [web, worker, doctor]}
- {key: {{ $keys.mailPluginSettings | quote }}, file: mail_plugin_settings, variable: AUTHGATE_MAIL__PLUGIN_SETTINGS_FILE, for: [web, worker, doctor]}
- {key: {{ include "authgate.metricsTokenKey" . | quote }}, file: metrics_token, variable: AUTHGATE_METRICS_TOKEN_FILE, for: [web]}
{{- end }}

{{- define "authgate.metricsTokenKey" -}}
{{- if .Values.secrets.keys.metricsToken }}
{{- .Values.secrets.keys.metricsToken }}
{{- else if and (not .Values.secrets.existingSecret) .Values.secrets.values.metricsToken }}
{{- "metrics-token" }}
{{- end }}
{{- end }}

{{- define "authgate.secretName" -}}
{{- default (include "authgate.fullname" .) .Values.secrets.existingSecret }}
{{- end }}

{{/* What the chart's own Secret holds. */}}
{{- define "authgate.secretData" -}}
{{- $keys := .Values.secrets.keys -}}
{{- $given := .Values.secrets.values -}}
{{ $keys.databaseUrl }}: {{ $given.databaseUrl | b64enc }}
{{ $keys.redisUrl }}: {{ $given.redisUrl | b64enc }}
{{ $keys.kek }}: {{ $given.kek | b64enc }}
{{- with include "authgate.metricsTokenKey" . }}
{{ . }}: {{ $given.metricsToken | b64enc }}
{{- end }}
{{- end }}

{{/* The pod of one component: (dict "root" $ "component" "web" "args" (list "serve") …), with
     "ports", "probes", "grace", "lifecycle", "resources" and "restartPolicy" as Kubernetes has them,
     and variables of its own in "environment".
     With "inline" nothing of the release is needed, since a hook comes before it. */}}
{{- define "authgate.pod" -}}
{{- $root := .root -}}
{{- $component := .component -}}
{{- $inline := .inline -}}
{{- $secrets := list -}}
{{- range include "authgate.secrets" $root | fromYamlArray }}
{{- if and .key (has $component .for) }}
{{- $secrets = append $secrets . }}
{{- end }}
{{- end -}}
metadata:
  labels:
    {{- include "authgate.selector" (list $root $component) | nindent 4 }}
    app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
    {{- with $root.Values.pod.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/settings: {{ include "authgate.settings" $root | sha256sum }}
    {{- if not $root.Values.secrets.existingSecret }}
    checksum/secrets: {{ include "authgate.secretData" $root | sha256sum }}
    {{- end }}
    {{- with $root.Values.pod.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ if $inline }}default{{ else }}{{ include "authgate.serviceAccountName" $root }}{{ end }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .grace }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ $component }}
      image: {{ include "authgate.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        {{- toYaml .args | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      {{- if not $inline }}
      envFrom:
        - configMapRef:
            name: {{ include "authgate.fullname" $root }}
      {{- end }}
      env:
        {{- if $inline }}
        {{- range $name, $value := include "authgate.settings" $root | fromYaml }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
        - name: AUTHGATE_DATABASE__OWNER_URL_FILE
          value: /etc/authgate/owner/owner_url
        {{- end }}
        {{- range $secrets }}
        - name: {{ .variable }}
          value: /etc/authgate/secrets/{{ .file }}
        {{- end }}
        {{- range $name, $value := .environment }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
        {{- with $root.Values.pod.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with .ports }}
      ports:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .probes }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- with .lifecycle }}
      lifecycle:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        - name: secrets
          mountPath: /etc/authgate/secrets
          readOnly: true
        {{- if $inline }}
        - name: owner
          mountPath: /etc/authgate/owner
          readOnly: true
        {{- end }}
        - name: tmp
          mountPath: /tmp
        {{- with $root.Values.pod.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: secrets
      secret:
        secretName: {{ if $inline }}{{ include "authgate.migrateSecretName" $root }}{{ else }}{{ include "authgate.secretName" $root }}{{ end }}
        defaultMode: 0440
        items:
          {{- range $secrets }}
          - key: {{ .key }}
            path: {{ .file }}
          {{- end }}
    {{- if $inline }}
    - name: owner
      secret:
        secretName: {{ include "authgate.ownerSecretName" $root }}
        defaultMode: 0440
        items:
          - key: {{ $root.Values.secrets.owner.key }}
            path: owner_url
    {{- end }}
    - name: tmp
      emptyDir:
        medium: Memory
        sizeLimit: 64Mi
    {{- with $root.Values.pod.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- if .spread }}
  topologySpreadConstraints:
    {{- range $where := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ $where }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "authgate.selector" (list $root $component) | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- with $root.Values.pod.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.pod.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.pod.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.pod.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
{{- end }}

{{/* A hook runs before the release's own Secret is there, so that it has one of its own. */}}
{{- define "authgate.migrateSecretName" -}}
{{- default (printf "%s-migrate" (include "authgate.fullname" .)) .Values.secrets.existingSecret }}
{{- end }}

{{- define "authgate.ownerSecretName" -}}
{{- default (printf "%s-owner" (include "authgate.fullname" .)) .Values.secrets.owner.existingSecret }}
{{- end }}

{{/* How long a pod may take to leave: what the supervisor waits for at most, and a little more. */}}
{{- define "authgate.webGrace" -}}
{{- $drain := dig "server" "drain_seconds" 8 .Values.settings -}}
{{- add .Values.web.preStopSeconds (ceil $drain | int) 15 -}}
{{- end }}

{{- define "authgate.hasWorkers" -}}
{{- if eq (dig "jobs" "runner" "celery" .Values.settings) "celery" }}yes{{ end }}
{{- end }}

{{/* What a schema cannot say. */}}
{{- define "authgate.check" -}}
{{- $settings := .Values.settings -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository is not set: build the image from deploy/Dockerfile, push it to your registry, and name it." -}}
{{- end -}}
{{- if and (eq .Values.image.tag "latest") (not .Values.image.digest) -}}
{{- fail "image.tag is latest, which is another image tomorrow: name a version, or give image.digest." -}}
{{- end -}}
{{- if not $settings.base_url -}}
{{- fail "settings.base_url is not set: give the https address that browsers use, such as https://login.example.com." -}}
{{- end -}}
{{- if and (eq (default "prod" $settings.profile) "prod") (not (hasPrefix "https://" $settings.base_url)) -}}
{{- fail "settings.base_url has to begin with https:// in the prod profile." -}}
{{- end -}}
{{- $given := .Values.secrets.values -}}
{{- if .Values.secrets.existingSecret -}}
{{- range $name, $value := omit $given "ownerUrl" -}}
{{- if $value -}}
{{- fail (printf "secrets.values.%s does nothing beside secrets.existingSecret: put it into that Secret." $name) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range $name := list "databaseUrl" "redisUrl" "kek" -}}
{{- if not (get $given $name) -}}
{{- fail (printf "secrets.existingSecret is not set: name a Secret that exists, or give secrets.values.%s." $name) -}}
{{- end -}}
{{- end -}}
{{- range $name := list "appendUrl" "sweepUrl" "brokerUrl" "retiredKeks" -}}
{{- if get $.Values.secrets.keys $name -}}
{{- fail (printf "secrets.keys.%s names a key of secrets.existingSecret, which is not set." $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.migrate.enabled (not .Values.secrets.owner.existingSecret) (not $given.ownerUrl) -}}
{{- fail "secrets.owner.existingSecret is not set: the migration needs the URL of the owner of the tables. Or set migrate.enabled to false and migrate yourself." -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled (not (include "authgate.metricsTokenKey" .)) -}}
{{- fail "serviceMonitor.enabled needs a metrics token: set secrets.keys.metricsToken." -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.hosts is empty: name the host of settings.base_url." -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs is empty: name the gateway." -}}
{{- end -}}
{{- end }}
